//! Bulk jobs.

diesel::table! {
    jobs (id) {
        id -> Uuid,
        workspace_id -> Uuid,
        kind -> Text,
        format -> Text,
        state -> Text,
        file_name -> Text,
        bytes -> Int8,
        dry_run -> Bool,
        time_zone -> Text,
        provenance -> Jsonb,
        next_byte -> Int8,
        next_line -> Int8,
        lines -> Nullable<Int8>,
        created -> Int8,
        skipped -> Int8,
        invalid -> Int8,
        token -> Int8,
        tries -> Int4,
        free_at -> Nullable<Timestamptz>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    job_results (job_id, line) {
        job_id -> Uuid,
        workspace_id -> Uuid,
        line -> Int8,
        outcome -> Text,
        key -> Nullable<Text>,
        post_id -> Nullable<Uuid>,
        problems -> Jsonb,
    }
}

diesel::table! {
    job_keys (workspace_id, key) {
        workspace_id -> Uuid,
        key -> Text,
        post_id -> Uuid,
        expires_at -> Timestamptz,
    }
}
