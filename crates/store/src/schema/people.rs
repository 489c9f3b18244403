diesel::table! {
    mails (id) {
        id -> Uuid,
        workspace_id -> Nullable<Uuid>,
        recipient -> Text,
        letter -> Jsonb,
        about -> Uuid,
        tries -> Int4,
        created_at -> Timestamptz,
        due_at -> Nullable<Timestamptz>,
        error -> Nullable<Text>,
    }
}
