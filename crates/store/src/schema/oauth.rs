//! Apps of others, and what people let them do.

diesel::table! {
    oauth_apps (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        name -> Text,
        redirect_uris -> Array<Text>,
        permissions -> Array<Text>,
        secret_hash -> Nullable<Bytea>,
        version -> Int4,
        provenance -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    oauth_grants (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        app_id -> Uuid,
        user_id -> Uuid,
        permissions -> Array<Text>,
        connection_ids -> Nullable<Array<Uuid>>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        salt -> Bytea,
        generation -> Int4,
        refreshed_at -> Timestamptz,
        before_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    oauth_codes (hash) {
        hash -> Bytea,
        workspace_id -> Uuid,
        app_id -> Uuid,
        user_id -> Uuid,
        redirect_uri -> Text,
        challenge -> Text,
        permissions -> Array<Text>,
        connection_ids -> Nullable<Array<Uuid>>,
        expires_at -> Timestamptz,
        grant_id -> Nullable<Uuid>,
    }
}
