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

diesel::table! {
    person_tokens (hash) {
        hash -> Bytea,
        purpose -> Text,
        email -> Text,
        user_id -> Nullable<Uuid>,
        data -> Nullable<Jsonb>,
        expires_at -> Timestamptz,
    }
}
