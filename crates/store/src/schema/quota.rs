//! Money and what networks say about their limits.

diesel::table! {
    budgets (workspace_id, connection_id) {
        workspace_id -> Uuid,
        connection_id -> Nullable<Uuid>,
        amount -> Int8,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    quota_readings (network, connection_id, window_seconds) {
        network -> Text,
        connection_id -> Nullable<Uuid>,
        window_seconds -> Int4,
        posts -> Int4,
        remaining -> Int4,
        resets_at -> Nullable<Timestamptz>,
        read_at -> Timestamptz,
    }
}
