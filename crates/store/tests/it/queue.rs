//! The publisher's looks at the queue.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::SimpleAsyncConnection;
use posthaste_core::{Network, ids::NodeId};
use posthaste_store::publish;
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
