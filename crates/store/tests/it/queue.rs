//! The publisher's looks at the queue.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use posthaste_core::{
    Network,
    ids::{ConnectionId, NodeId},
};
use posthaste_store::{lane, publish, schema::connections, target::Target};
use posthaste_testkit::TestDatabase;
use uuid::Uuid;

/// Three accounts, each with a target: due at 8:00 but behind a rate limit, due at 9:00, and due at 8:00 by mistake.
const ROWS: &str = "
INSERT INTO workspaces VALUES (gen_random_uuid(), 'Workspace', 'UTC', '2027-01-04');
INSERT INTO connections (id, workspace_id, network, remote_id, name, status, tokens, created_at, updated_at)
    SELECT gen_random_uuid(), w.id, 'X', n, 'Account', 'ACTIVE', 'x', '2027-01-04', '2027-01-04' FROM workspaces w, generate_series(1, 3) n;
INSERT INTO posts (id, workspace_id, body, provenance, created_at, updated_at)
    SELECT gen_random_uuid(), id, '{}', '{}', '2027-01-04', '2027-01-04' FROM workspaces;
INSERT INTO targets (id, workspace_id, post_id, connection_id, network, position, settings, state, due_at, misfire, if_absent, created_at, updated_at)
    SELECT gen_random_uuid(), p.workspace_id, p.id, c.id, 'X', 0, '{}', CASE c.remote_id WHEN '3' THEN 'DRAFT' ELSE 'SCHEDULED' END,
        CASE c.remote_id WHEN '2' THEN timestamptz '2027-01-04 09:00Z' ELSE '2027-01-04 08:00Z' END, 'ASK', 'RESEND', '2027-01-04', '2027-01-04'
    FROM posts p, connections c;
INSERT INTO lanes (connection_id, workspace_id, network, next_due_at, blocked_until)
    SELECT c.id, c.workspace_id, 'X', t.due_at, CASE c.remote_id WHEN '1' THEN timestamptz '2027-01-04 12:00Z' END
    FROM connections c JOIN targets t ON t.connection_id = c.id;
";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn what_waits_for_something_else_does_not_hide_what_is_due_next() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(ROWS).await.unwrap();
    let (eight, nine) = (at("2027-01-04T08:00:00Z"), at("2027-01-04T09:00:00Z"));
    let before = eight - TimeDelta::seconds(1);
    assert_eq!(
        publish::next_due(&mut conn, before).await.unwrap(),
        Some(eight)
    );
    assert_eq!(
        publish::next_due(&mut conn, eight).await.unwrap(),
        Some(nine)
    );
    // When the rate limit ends.
    let twelve = at("2027-01-04T12:00:00Z");
    assert_eq!(
        publish::next_due(&mut conn, nine).await.unwrap(),
        Some(twelve)
    );

    let worker = NodeId::from(Uuid::from_u128(1));
    let until = nine + TimeDelta::seconds(90);
    let mut claim = async |now| {
        publish::claim(&mut conn, worker, &[Network::X], 10, now, until)
            .await
            .unwrap()
    };
    assert!(claim(eight).await.is_empty());
    let taken = claim(nine).await;
    assert_eq!((taken.len(), taken[0].due_at), (1, Some(nine)));
    // The one that only seemed due was put right.
    assert_eq!(
        publish::next_due(&mut conn, before).await.unwrap(),
        Some(twelve)
    );
    assert_eq!(publish::oldest_due(&mut conn, nine).await.unwrap(), None);
    assert_eq!(
        publish::oldest_due(&mut conn, twelve).await.unwrap(),
        Some(twelve)
    );
}

/// Five hundred accounts of one workspace with a target due at 8:00:00, and one of another's due a second later.
const CROWD: &str = "
INSERT INTO workspaces SELECT gen_random_uuid(), name, 'UTC', '2027-01-04' FROM unnest(ARRAY['many', 'one']) AS name;
INSERT INTO connections (id, workspace_id, network, remote_id, name, status, tokens, created_at, updated_at)
    SELECT gen_random_uuid(), w.id, 'X', w.name || n, w.name, 'ACTIVE', 'x', '2027-01-04', '2027-01-04'
    FROM workspaces w, generate_series(1, 500) n WHERE w.name = 'many' OR n = 1;
INSERT INTO posts (id, workspace_id, body, provenance, created_at, updated_at)
    SELECT gen_random_uuid(), id, '{}', '{}', '2027-01-04', '2027-01-04' FROM workspaces;
INSERT INTO targets (id, workspace_id, post_id, connection_id, network, position, settings, state, due_at, misfire, if_absent, created_at, updated_at)
    SELECT gen_random_uuid(), p.workspace_id, p.id, c.id, 'X', 0, '{}', 'SCHEDULED',
        CASE c.name WHEN 'one' THEN timestamptz '2027-01-04 08:00:01Z' ELSE '2027-01-04 08:00Z' END, 'ASK', 'RESEND', '2027-01-04', '2027-01-04'
    FROM posts p JOIN connections c USING (workspace_id);
";

#[tokio::test]
async fn a_workspace_with_many_accounts_due_at_once_lets_others_go_between() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(CROWD).await.unwrap();
    let rows: Vec<(Uuid, Uuid, String)> = connections::table
        .select((
            connections::id,
            connections::workspace_id,
            connections::name,
        ))
        .load(&mut *conn)
        .await
        .unwrap();
    let lines: Vec<ConnectionId> = rows.iter().map(|row| row.0.into()).collect();
    for (id, workspace, _) in &rows {
        lane::insert(&mut conn, (*workspace).into(), (*id).into(), Network::X)
            .await
            .unwrap();
    }
    lane::refresh(&mut conn, &lines).await.unwrap();

    let (worker, now) = (NodeId::from(Uuid::from_u128(1)), at("2027-01-04T08:00:05Z"));
    let mut claim = async || {
        let until = now + TimeDelta::seconds(90);
        publish::claim(&mut conn, worker, &[Network::X], 300, now, until)
            .await
            .unwrap()
    };
    let one = at("2027-01-04T08:00:01Z");
    let of_one = |taken: &[Target]| taken.iter().filter(|of| of.due_at == Some(one)).count();
    // A second of the crowd's turns, 250 of them, stand before it.
    let first = claim().await;
    assert_eq!((first.len(), of_one(&first)), (300, 1));
    let rest = claim().await;
    assert_eq!((rest.len(), of_one(&rest)), (201, 0));
}

#[tokio::test]
async fn nobody_waits_for_a_turn_while_there_is_room() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(ROWS).await.unwrap();
    conn.batch_execute("UPDATE lanes SET turn = 60000")
        .await
        .unwrap();
    let (worker, nine) = (NodeId::from(Uuid::from_u128(1)), at("2027-01-04T09:00:00Z"));
    let taken = publish::claim(&mut conn, worker, &[Network::X], 10, nine, nine)
        .await
        .unwrap();
    assert_eq!(taken.len(), 1);
}
