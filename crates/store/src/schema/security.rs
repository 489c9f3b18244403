//! Keys and the audit log.

diesel::table! {
    audit_entries (chain, seq) {
        chain -> Uuid,
        seq -> Int8,
        at -> Timestamptz,
        act -> Text,
        actor -> Text,
        subject -> Nullable<Text>,
        detail -> Nullable<Jsonb>,
        salt -> Nullable<Bytea>,
        detail_hash -> Bytea,
        hash -> Bytea,
    }
}

diesel::table! {
    audit_heads (chain) {
        chain -> Uuid,
        seq -> Int8,
        hash -> Bytea,
    }
}

diesel::table! {
    data_keys (workspace_id, version) {
        workspace_id -> Uuid,
        version -> Int4,
        id -> Uuid,
        master_key -> Text,
        wrapped -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> Uuid,
        salt -> Bytea,
        created_at -> Timestamptz,
        confirmed_at -> Nullable<Timestamptz>,
        last_step -> Int8,
    }
}

diesel::table! {
    recovery_codes (user_id, hash) {
        user_id -> Uuid,
        hash -> Bytea,
    }
}

diesel::table! {
    passkeys (id) {
        id -> Uuid,
        user_id -> Uuid,
        credential_id -> Bytea,
        name -> Text,
        credential -> Jsonb,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    passkey_ceremonies (id) {
        id -> Uuid,
        user_id -> Nullable<Uuid>,
        state -> Jsonb,
        expires_at -> Timestamptz,
    }
}
