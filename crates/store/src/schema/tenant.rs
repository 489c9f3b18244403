//! Who belongs to a workspace, and as what.

diesel::table! {
    roles (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        name -> Text,
        permissions -> Array<Text>,
        version -> Int4,
        provenance -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    invitations (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        email -> Text,
        role -> Text,
        role_id -> Nullable<Uuid>,
        hash -> Bytea,
        provenance -> Jsonb,
        created_at -> Timestamptz,
        sent_at -> Timestamptz,
        expires_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        user_id -> Nullable<Uuid>,
        connection_ids -> Nullable<Array<Uuid>>,
    }
}

diesel::table! {
    teams (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        name -> Text,
        role -> Text,
        role_id -> Nullable<Uuid>,
        connection_ids -> Nullable<Array<Uuid>>,
        version -> Int4,
        provenance -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    team_members (team_id, user_id) {
        workspace_id -> Uuid,
        team_id -> Uuid,
        user_id -> Uuid,
    }
}
