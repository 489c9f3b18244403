//! Every query the API and the publisher make finds its rows by an index, shown by the database's
//! own counters on tables large enough for the planner to have a choice.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Int8, Text},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use posthaste_core::{
    Network,
    bulk::Outcome,
    ids::{
        ApiKeyId, ConnectionId, JobId, LoggedRequestId, NodeId, PostId, TargetId,
        WebhookDeliveryId, WebhookEndpointId, WorkspaceId,
    },
    target::State,
};
use posthaste_store::{
    Conn, PageRequest, access, connection, event, idempotency, invitation, job, key, lane, media,
    member, network_state, partition, post, publish, request_log, revocation, role, standing,
    target, timeline, usage,
    webhook::{delivery, endpoint, work},
};
use posthaste_testkit::{TestDatabase, start};
use uuid::Uuid;

const ROWS: &str = include_str!("plans.sql");

/// Runs `query` and asserts that `index` served it and no table was read from end to end.
macro_rules! by_index {
    ($conn:expr, $index:expr, $query:expr) => {{
        let tables = table_scans($conn).await;
        let indexes = index_scans($conn).await;
        $query.await.unwrap();
        let used = index_scans($conn).await;
        let served: Vec<_> = used
            .iter()
            .filter(|(name, scans)| **scans > indexes[*name])
            .map(|(name, _)| name.as_str())
            .collect();
        assert!(
            served.contains(&$index),
            "{} is served by {served:?}, not by {}",
            stringify!($query),
            $index
        );
        for (table, scans) in table_scans($conn).await {
            let small = [
                "network_states",
                "nodes",
                "request_drops",
                "workspaces",
                "event_heads",
                "target_transitions",
            ];
            assert!(
                small.contains(&table.as_str()) || scans == tables[&table],
                "{table} is read from end to end by {}",
                stringify!($query)
            );
        }
    }};
}

mod apps;
mod audit;
mod gauges;
mod governor;
mod keys;
mod metric;
mod publishing;
mod scale;
mod scans;
mod tenants;
mod waits;
mod webhooks;

use scans::{index_scans, table_scans};

/// A database with many rows in every table that a list or the publisher reads.
pub async fn filled() -> TestDatabase {
    let test = TestDatabase::new().await;
    let conn = &mut *test.db.get().await.unwrap();
    conn.batch_execute(ROWS).await.unwrap();
    conn.batch_execute("ANALYZE").await.unwrap();
    test
}

pub fn page<K>(after: Option<K>) -> PageRequest<K> {
    PageRequest {
        limit: 50,
        after,
        before: None,
        from_end: false,
    }
}

pub fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128(kind << 64 | number)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_query_has_its_index() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    let conn = &mut *conn;
    for log in [&partition::EVENTS, &partition::ATTEMPTS, &partition::STEPS] {
        for month in 0..4 {
            let since = start() - TimeDelta::days(4 + 31 * month);
            let first = since
                .format("%Y-%m-01T00:00:00Z")
                .to_string()
                .parse()
                .unwrap();
            let until = first + chrono::Months::new(1);
            partition::make(&test.db, log, first, until).await.unwrap();
        }
    }
    conn.batch_execute(ROWS).await.unwrap();
    conn.batch_execute("ANALYZE").await.unwrap();
    let workspace = WorkspaceId::from(id(1, 1));
    // Requests ask from behind the wall.
    let wall = &mut *test.db.within(workspace).get().await.unwrap();
    let account = ConnectionId::from(id(2, 3000));
    let now: DateTime<Utc> = start();

    by_index!(
        wall,
        "attempts_by_time",
        network_state::tries_since(wall, workspace, now)
    );
    let none = post::Filter::default();
    for (by, descending) in [(post::Order::Created, true), (post::Order::Created, false)] {
        by_index!(
            wall,
            "posts_by_creation",
            post::list(
                wall,
                workspace,
                &none,
                post::Sort { by, descending },
                &page(None)
            )
        );
    }
    let updated = post::Sort {
        by: post::Order::Updated,
        descending: true,
    };
    by_index!(
        wall,
        "posts_by_update",
        post::list(
            wall,
            workspace,
            &none,
            updated,
            &page(Some((Some(now), id(3, 1))))
        )
    );
    let due = post::Sort {
        by: post::Order::Due,
        descending: false,
    };
    by_index!(
        wall,
        "posts_by_due",
        post::list(
            wall,
            workspace,
            &none,
            due,
            &page(Some((Some(now), id(3, 1))))
        )
    );
    let scheduled = post::Filter {
        states: Some(vec![State::Scheduled]),
        ..post::Filter::default()
    };
    by_index!(
        wall,
        "targets_of_post",
        post::list(wall, workspace, &scheduled, updated, &page(None))
    );
    by_index!(
        wall,
        "posts_workspace_id_id_key",
        post::by_ids(wall, workspace, &[PostId::from(id(3, 6))])
    );

    let all = target::Filter::default();
    by_index!(
        wall,
        "targets_by_due",
        target::list(wall, workspace, &all, true, false, &page(None))
    );
    by_index!(
        wall,
        "targets_by_creation",
        target::list(wall, workspace, &all, false, true, &page(None))
    );
    by_index!(
        wall,
        "targets_of_post",
        target::of_posts(wall, workspace, &[PostId::from(id(3, 6))])
    );
    by_index!(
        wall,
        "targets_workspace_id_id_key",
        target::get(wall, workspace, TargetId::from(id(4, 6)))
    );
    by_index!(
        wall,
        "steps_pkey",
        timeline::steps_of(wall, workspace, &[TargetId::from(id(4, 6))])
    );
    by_index!(
        wall,
        "steps_pkey",
        timeline::steps_after(wall, workspace, &[TargetId::from(id(4, 6))], 5, 100)
    );
    by_index!(
        wall,
        "attempts_pkey",
        timeline::attempts_of(wall, workspace, &[TargetId::from(id(4, 6))])
    );

    by_index!(
        wall,
        "events_pkey",
        event::after(wall, workspace, 100, &event::Filter::default(), 50)
    );
    let of_post = event::Filter {
        post: Some(PostId::from(id(3, 6))),
        ..event::Filter::default()
    };
    by_index!(
        wall,
        "events_by_post",
        event::after(wall, workspace, 100, &of_post, 50)
    );
    let scope = idempotency::Scope {
        workspace,
        credential: id(11, 8),
        key: "key 8".into(),
    };
    by_index!(
        conn,
        "idempotency_keys_pkey",
        idempotency::lock(conn, &scope)
    );
    by_index!(
        conn,
        "idempotency_keys_pkey",
        idempotency::mark(conn, &scope, 1, idempotency::Mark::Released)
    );
    by_index!(
        conn,
        "idempotency_keys_expired",
        idempotency::sweep(conn, start(), 10)
    );
    by_index!(
        wall,
        "connections_in_order",
        connection::list(wall, workspace, &connection::Filter::default(), &page(None))
    );
    by_index!(
        wall,
        "connections_one_per_account",
        connection::by_account(wall, workspace, Network::X, "remote 12")
    );
    by_index!(
        conn,
        "connections_refresh_due",
        connection::due_for_refresh(conn, now, 10)
    );
    by_index!(
        conn,
        "connections_to_ask",
        connection::ask_for_consent(conn, now, 10)
    );
    by_index!(
        conn,
        "revocations_due",
        revocation::claim(conn, now, now, 10)
    );
    by_index!(
        conn,
        "revocations_pkey",
        revocation::forget(conn, account, b"x")
    );
    by_index!(
        wall,
        "lanes_pkey",
        lane::by_connections(wall, workspace, &[account])
    );
    by_index!(
        wall,
        "media_in_order",
        media::list(wall, workspace, None, &page(None))
    );
    by_index!(conn, "media_unfinished", media::expired(conn, now, 10));
    by_index!(
        conn,
        "api_keys_hash_key",
        key::by_hash(conn, b"hash 7", now)
    );
    by_index!(
        conn,
        "api_keys_old_hash_key",
        key::by_hash(conn, b"old 9", now)
    );
    by_index!(
        wall,
        "api_keys_in_order",
        key::list(wall, workspace, &key::Filter::default(), &page(None), now)
    );
    by_index!(
        conn,
        "api_keys_pkey",
        key::touch(conn, &[(ApiKeyId::from(id(11, 7)), now)])
    );
    by_index!(
        conn,
        "users_email_key",
        access::user_by_email(conn, "person7@example.com")
    );

    let all = request_log::Filter::default();
    by_index!(
        wall,
        "request_log_in_order",
        request_log::list(wall, workspace, &all, &page(Some((now, id(12, 9000)))))
    );
    let one = request_log::Filter {
        request_id: Some("req_77".into()),
        ..all.clone()
    };
    by_index!(
        wall,
        "request_log_by_request",
        request_log::list(wall, workspace, &one, &page(None))
    );
    let failed = request_log::Filter {
        error_code: Some("NOT_FOUND".into()),
        ..all.clone()
    };
    by_index!(
        wall,
        "request_log_errors",
        request_log::list(wall, workspace, &failed, &page(None))
    );
    by_index!(
        conn,
        "request_log_pkey",
        request_log::sweep(conn, LoggedRequestId::from(id(12, 500)), 100)
    );
    let span = usage::Span {
        from: now - TimeDelta::days(50),
        to: now - TimeDelta::days(49),
        credential: None,
        operation: None,
    };
    let by_operation = usage::Grouping {
        operation: true,
        ..usage::Grouping::default()
    };
    by_index!(
        wall,
        "usage_counters_pkey",
        usage::sums(wall, workspace, &span, by_operation, 1000)
    );
    by_index!(
        conn,
        "usage_counters_by_hour",
        usage::sweep(conn, now - TimeDelta::days(90), 100)
    );

    let job_id = JobId::from(id(12, 2));
    by_index!(
        wall,
        "jobs_in_order",
        job::list(wall, workspace, None, &page(None))
    );
    by_index!(
        wall,
        "jobs_workspace_id_id_key",
        job::get(wall, workspace, job_id)
    );
    by_index!(conn, "jobs_expired", job::expired(conn, now, 10));
    by_index!(
        wall,
        "job_results_pkey",
        job::results(wall, workspace, &[job_id], None, &page(Some(500)))
    );
    by_index!(
        wall,
        "job_results_by_outcome",
        job::results(
            wall,
            workspace,
            &[job_id],
            Some(Outcome::Invalid),
            &page(None)
        )
    );
    by_index!(
        conn,
        "job_results_by_key",
        job::earlier_result(conn, job_id, "key 20")
    );
    by_index!(
        wall,
        "job_keys_pkey",
        job::reserve_key(wall, workspace, "key 7", PostId::from(id(3, 9)), now, now)
    );
    by_index!(
        wall,
        "job_keys_pkey",
        job::known_key(wall, workspace, "key 7", now)
    );
    by_index!(
        conn,
        "job_keys_expired",
        job::delete_expired_keys(conn, now, 5)
    );
    by_index!(
        wall,
        "connections_one_per_account",
        connection::by_usernames(wall, workspace, &[Network::Pinterest], &["ada".to_owned()])
    );
    by_index!(conn, "jobs_free", job::claim(conn, now, now));
}
