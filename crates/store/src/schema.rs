//! The tables as Diesel sees them (the migrations are the truth; a test compares the two).

mod incident;
mod job;
mod oauth;
mod people;
mod quota;
mod security;
mod tenant;

pub use incident::{incident_steps, incidents};
pub use job::{job_keys, job_results, jobs};
pub use oauth::{oauth_apps, oauth_codes, oauth_grants};
pub use people::{identities, mails, person_tokens, provider_steps, sessions, users};
pub use quota::{budgets, quota_readings};
pub use security::{
    audit_entries, audit_heads, data_keys, passkey_ceremonies, passkeys, recovery_codes,
    second_factors,
};
pub use tenant::{invitations, roles, team_members, teams};

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        name -> Text,
        role -> Text,
        hash -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        prefix -> Nullable<Text>,
        provenance -> Nullable<Jsonb>,
        last_used_at -> Nullable<Timestamptz>,
        old_hash -> Nullable<Bytea>,
        old_expires_at -> Nullable<Timestamptz>,
        permissions -> Nullable<Array<Text>>,
        user_id -> Nullable<Uuid>,
        connection_ids -> Nullable<Array<Uuid>>,
    }
}

diesel::table! {
    attempts (target_id, token, started_at) {
        id -> Uuid,
        workspace_id -> Uuid,
        target_id -> Uuid,
        n -> Int4,
        kind -> Text,
        token -> Int8,
        worker -> Uuid,
        started_at -> Timestamptz,
        intent_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        outcome -> Nullable<Text>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        http_status -> Nullable<Int4>,
        remote_code -> Nullable<Text>,
        remote_request_id -> Nullable<Text>,
    }
}

diesel::table! {
    connections (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        network -> Text,
        remote_id -> Text,
        name -> Text,
        username -> Nullable<Text>,
        avatar_url -> Nullable<Text>,
        status -> Text,
        tokens -> Nullable<Bytea>,
        token_expires_at -> Nullable<Timestamptz>,
        refresh_due_at -> Nullable<Timestamptz>,
        reauthorize_by -> Nullable<Timestamptz>,
        refreshing_since -> Nullable<Timestamptz>,
        reauthorize_asked_for -> Nullable<Timestamptz>,
        scopes -> Array<Text>,
        default_destination -> Nullable<Text>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    event_heads (workspace_id) {
        workspace_id -> Uuid,
        seq -> Int8,
        dropped -> Int8,
    }
}

diesel::table! {
    events (workspace_id, seq, at) {
        workspace_id -> Uuid,
        seq -> Int8,
        id -> Uuid,
        at -> Timestamptz,
        kind -> Text,
        post_id -> Nullable<Uuid>,
        target_id -> Nullable<Uuid>,
        connection_id -> Nullable<Uuid>,
        media_id -> Nullable<Uuid>,
        provenance -> Jsonb,
        data -> Jsonb,
    }
}

diesel::table! {
    grants (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        network -> Text,
        status -> Text,
        state_hash -> Bytea,
        verifier -> Bytea,
        return_to -> Nullable<Text>,
        connection_id -> Nullable<Uuid>,
        accounts -> Nullable<Bytea>,
        error -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    lanes (connection_id) {
        connection_id -> Uuid,
        workspace_id -> Uuid,
        network -> Text,
        next_due_at -> Nullable<Timestamptz>,
        worker -> Nullable<Uuid>,
        busy_until -> Nullable<Timestamptz>,
        paused_at -> Nullable<Timestamptz>,
        blocked_until -> Nullable<Timestamptz>,
        block_reason -> Nullable<Text>,
        place_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    media (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        status -> Text,
        file_name -> Text,
        bytes -> Int8,
        alt_text -> Nullable<Text>,
        facts -> Nullable<Jsonb>,
        sha256 -> Nullable<Bytea>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        provenance -> Jsonb,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    members (workspace_id, user_id) {
        workspace_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        created_at -> Timestamptz,
        role_id -> Nullable<Uuid>,
        connection_ids -> Nullable<Array<Uuid>>,
    }
}

diesel::table! {
    network_states (network) {
        network -> Text,
        blocked_until -> Nullable<Timestamptz>,
        block_reason -> Nullable<Text>,
        breaker -> Text,
        updated_at -> Nullable<Timestamptz>,
        down_since -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    nodes (id) {
        id -> Uuid,
        role -> Text,
        started_at -> Timestamptz,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    post_media (post_id, media_id) {
        post_id -> Uuid,
        media_id -> Uuid,
        workspace_id -> Uuid,
    }
}

diesel::table! {
    posts (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        body -> Jsonb,
        version -> Int4,
        due_at -> Nullable<Timestamptz>,
        provenance -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    renditions (media_id, recipe) {
        media_id -> Uuid,
        recipe -> Text,
        facts -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    steps (target_id, id, at) {
        id -> Int8,
        workspace_id -> Uuid,
        target_id -> Uuid,
        attempt -> Int4,
        at -> Timestamptz,
        kind -> Text,
        message -> Text,
        detail -> Jsonb,
    }
}

diesel::table! {
    target_transitions (from_state, to_state) {
        from_state -> Text,
        to_state -> Text,
    }
}

diesel::table! {
    target_metrics (target_id) {
        target_id -> Uuid,
        workspace_id -> Uuid,
        connection_id -> Uuid,
        network -> Text,
        views -> Nullable<Int8>,
        reach -> Nullable<Int8>,
        likes -> Nullable<Int8>,
        comments -> Nullable<Int8>,
        shares -> Nullable<Int8>,
        saves -> Nullable<Int8>,
        clicks -> Nullable<Int8>,
        video_views -> Nullable<Int8>,
        read_at -> Nullable<Timestamptz>,
        due_at -> Nullable<Timestamptz>,
        token -> Int8,
        lease_until -> Nullable<Timestamptz>,
        failures -> Int4,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
    }
}

diesel::table! {
    targets (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        post_id -> Uuid,
        connection_id -> Uuid,
        network -> Text,
        position -> Int4,
        settings -> Jsonb,
        state -> Text,
        version -> Int4,
        due_at -> Nullable<Timestamptz>,
        local_time -> Nullable<Timestamp>,
        time_zone -> Nullable<Text>,
        misfire -> Text,
        if_absent -> Text,
        late_ok -> Bool,
        attempt -> Int4,
        token -> Int8,
        worker -> Nullable<Uuid>,
        lease_until -> Nullable<Timestamptz>,
        reconcile_after -> Nullable<Timestamptz>,
        misses -> Int4,
        progress -> Nullable<Jsonb>,
        intent -> Nullable<Jsonb>,
        read_back_from -> Nullable<Timestamptz>,
        remote_id -> Nullable<Text>,
        permalink -> Nullable<Text>,
        published_at -> Nullable<Timestamptz>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        words -> Nullable<Bytea>,
        kind -> Nullable<Text>,
        price -> Nullable<Int8>,
        look_at -> Nullable<Timestamptz>,
        risks -> Array<Text>,
        waits_until -> Nullable<Timestamptz>,
        budget_ok -> Bool,
    }
}

diesel::table! {
    workspaces (id) {
        id -> Uuid,
        name -> Text,
        time_zone -> Text,
        created_at -> Timestamptz,
        when_full -> Text,
        over_budget -> Text,
        deleted_at -> Nullable<Timestamptz>,
        erase_at -> Nullable<Timestamptz>,
        second_factor_required -> Bool,
    }
}

diesel::table! {
    webhook_attempts (delivery_id, n) {
        delivery_id -> Uuid,
        n -> Int8,
        workspace_id -> Uuid,
        started_at -> Timestamptz,
        duration_ms -> Nullable<Int4>,
        http_status -> Nullable<Int4>,
        answer -> Nullable<Text>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        endpoint_id -> Uuid,
        sequence -> Int8,
        event_seq -> Nullable<Int8>,
        kind -> Text,
        state -> Text,
        tries -> Int4,
        token -> Int8,
        worker -> Nullable<Uuid>,
        due_at -> Nullable<Timestamptz>,
        payload -> Nullable<Text>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_endpoints (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        url -> Text,
        description -> Nullable<Text>,
        event_types -> Array<Text>,
        document -> Nullable<Text>,
        status -> Text,
        status_reason -> Nullable<Text>,
        secret -> Bytea,
        previous_secret -> Nullable<Bytea>,
        previous_until -> Nullable<Timestamptz>,
        author -> Jsonb,
        cursor -> Int8,
        sequence -> Int8,
        failures -> Int4,
        failing_since -> Nullable<Timestamptz>,
        next_due_at -> Nullable<Timestamptz>,
        held_until -> Nullable<Timestamptz>,
        version -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::joinable!(targets -> posts (post_id));
diesel::joinable!(targets -> connections (connection_id));
diesel::joinable!(members -> users (user_id));
diesel::joinable!(members -> workspaces (workspace_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(lanes -> connections (connection_id));
diesel::allow_tables_to_appear_in_same_query!(revocations, connections);
diesel::allow_tables_to_appear_in_same_query!(
    api_keys,
    attempts,
    connections,
    event_heads,
    events,
    grants,
    invitations,
    lanes,
    media,
    members,
    network_states,
    nodes,
    oauth_apps,
    oauth_grants,
    post_media,
    posts,
    renditions,
    roles,
    sessions,
    steps,
    target_transitions,
    targets,
    team_members,
    teams,
    users,
    webhook_attempts,
    webhook_deliveries,
    webhook_endpoints,
    workspaces
);

diesel::table! {
    idempotency_keys (workspace_id, credential_id, key) {
        workspace_id -> Uuid,
        credential_id -> Uuid,
        key -> Text,
        fingerprint -> Bytea,
        created_at -> Timestamptz,
        token -> Int4,
        lease_until -> Nullable<Timestamptz>,
        answer -> Nullable<Bytea>,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    request_log (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        request_id -> Text,
        at -> Timestamptz,
        credential -> Text,
        transport -> Text,
        kind -> Text,
        operation -> Text,
        root_fields -> Array<Text>,
        status -> Int2,
        error_code -> Nullable<Text>,
        duration_ms -> Int4,
        cost -> Nullable<Int4>,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    usage_counters (workspace_id, hour, credential, operation, status, error_code, bucket) {
        workspace_id -> Uuid,
        hour -> Timestamptz,
        credential -> Text,
        operation -> Text,
        status -> Int2,
        error_code -> Text,
        bucket -> Int2,
        count -> Int8,
    }
}

diesel::table! {
    revocations (connection_id) {
        connection_id -> Uuid,
        workspace_id -> Uuid,
        tokens -> Bytea,
        tries -> Int4,
        next_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    request_drops (workspace_id, hour) {
        workspace_id -> Uuid,
        hour -> Timestamptz,
        count -> Int8,
    }
}
