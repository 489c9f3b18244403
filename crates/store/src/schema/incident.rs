//! Incidents.

diesel::table! {
    incidents (id) {
        id -> Uuid,
        workspace_id -> Nullable<Uuid>,
        rule -> Text,
        subject -> Text,
        detail -> Jsonb,
        opened_at -> Timestamptz,
        seen_at -> Timestamptz,
        times -> Int4,
        closed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    incident_steps (incident_id, number) {
        incident_id -> Uuid,
        number -> Int4,
        workspace_id -> Nullable<Uuid>,
        at -> Timestamptz,
        kind -> Text,
        provenance -> Jsonb,
        note -> Nullable<Text>,
    }
}
