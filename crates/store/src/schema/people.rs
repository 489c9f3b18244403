diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        created_at -> Timestamptz,
        disabled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        workspace_id -> Uuid,
        hash -> Nullable<Bytea>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        salt -> Nullable<Bytea>,
        generation -> Int4,
        refreshed_at -> Nullable<Timestamptz>,
        before_at -> Nullable<Timestamptz>,
        authenticated_at -> Nullable<Timestamptz>,
        second_factor -> Bool,
        user_agent -> Nullable<Text>,
        address -> Nullable<Text>,
    }
}

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

diesel::table! {
    identities (id) {
        id -> Uuid,
        user_id -> Uuid,
        provider -> Text,
        issuer -> Text,
        subject -> Text,
        email -> Nullable<Text>,
        linked_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    provider_steps (hash) {
        hash -> Bytea,
        stage -> Text,
        purpose -> Text,
        provider -> Text,
        browser -> Nullable<Bytea>,
        challenge -> Nullable<Bytea>,
        return_to -> Text,
        user_id -> Nullable<Uuid>,
        session_id -> Nullable<Uuid>,
        data -> Nullable<Jsonb>,
        begun_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}
