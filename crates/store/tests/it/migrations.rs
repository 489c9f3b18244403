//! The migrations: reversible, and what `schema.rs` says.

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use posthaste_store::{
    Conn,
    partition::{self, ATTEMPTS, EVENTS, STEPS},
};
use posthaste_testkit::TestDatabase;

// On one thread: any runtime must do.
#[tokio::test]
async fn they_can_be_taken_back_and_run_again() {
    let test = TestDatabase::new().await;
    assert_eq!(
        posthaste_store::pending_migrations(test.db.address())
            .await
            .unwrap(),
        0
    );
    posthaste_store::revert_all(test.db.address())
        .await
        .unwrap();
    let run = posthaste_store::migrate(test.db.address()).await.unwrap();
    assert!(!run.is_empty());
    assert_eq!(
        posthaste_store::pending_migrations(test.db.address())
            .await
            .unwrap(),
        0
    );
}

/// An index was being built when somebody pressed Ctrl-C: it is there, of no use, and not written down.
#[tokio::test]
async fn what_was_broken_off_runs_again() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(
        "DELETE FROM __diesel_schema_migrations WHERE version = '20261124000101';
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'targets_waiting'::regclass",
    )
    .await
    .unwrap();
    let run = posthaste_store::migrate(test.db.address()).await.unwrap();
    assert_eq!(run, ["2026-11-24-000101_targets_waiting"]);
    let valid = diesel::sql_query(
        "SELECT indisvalid::text AS rows FROM pg_index WHERE indexrelid = 'targets_waiting'::regclass",
    );
    let valid: Vec<Rows> = valid.load(&mut conn).await.unwrap();
    assert_eq!(valid, rows(&["true"]));
}

#[tokio::test]
async fn who_comes_second_finds_all_done() {
    let test = TestDatabase::new().await;
    let address = test.db.address();
    posthaste_store::revert_all(address).await.unwrap();
    let (one, other) = tokio::join!(
        posthaste_store::migrate(address),
        posthaste_store::migrate(address)
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.is_empty() != other.is_empty());
}

const ROWS: &str = include_str!("partitions.sql");
const PARTITION: &str = include_str!("../../../../migrations/2026-11-24-000053_partitions/up.sql");
const UNITE: &str = include_str!("../../../../migrations/2026-11-24-000053_partitions/down.sql");

#[derive(QueryableByName, Debug, PartialEq)]
struct Rows {
    #[diesel(sql_type = Text)]
    rows: String,
}

/// Everything in the logs, as text.
async fn logs(conn: &mut Conn) -> Vec<Rows> {
    diesel::sql_query(
        "SELECT e::text AS rows FROM events e UNION ALL SELECT a::text FROM attempts a UNION ALL SELECT s::text FROM steps s ORDER BY 1",
    )
    .load(conn)
    .await
    .unwrap()
}

async fn shapes(conn: &mut Conn) -> Vec<Rows> {
    diesel::sql_query(
        "SELECT relname::text || ' ' || relkind::text AS rows FROM pg_class
         WHERE relkind IN ('r', 'p') AND relname ~ '^(events|attempts|steps)' ORDER BY 1",
    )
    .load(conn)
    .await
    .unwrap()
}

fn rows(texts: &[&str]) -> Vec<Rows> {
    texts
        .iter()
        .map(|text| Rows {
            rows: (*text).to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn logs_with_rows_are_partitioned_and_united_again() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(ROWS).await.unwrap();
    let before = logs(&mut conn).await;
    assert_eq!(before.len(), 12);

    conn.batch_execute(UNITE).await.unwrap();
    assert_eq!(logs(&mut conn).await, before);
    assert_eq!(
        shapes(&mut conn).await,
        rows(&["attempts r", "events r", "steps r"])
    );

    conn.batch_execute(PARTITION).await.unwrap();
    assert_eq!(logs(&mut conn).await, before);
    let kinds = [
        "attempts p",
        "attempts_earlier r",
        "attempts_rest r",
        "events p",
        "events_earlier r",
        "events_rest r",
        "steps p",
        "steps_earlier r",
        "steps_rest r",
    ];
    assert_eq!(shapes(&mut conn).await, rows(&kinds));
    for log in [&EVENTS, &ATTEMPTS, &STEPS] {
        // All that was there, up to the end of the newest row's month.
        let partitions = partition::list(&mut conn, log).await.unwrap();
        assert_eq!(partitions[0].since, None);
        assert_eq!(
            partitions[0].until,
            Some("2027-03-01T00:00:00Z".parse().unwrap())
        );
    }
    // Numbers of steps go on, and what is new lies beside what is old.
    conn.batch_execute(
        "INSERT INTO steps (workspace_id, target_id, attempt, at, kind, message, detail)
             SELECT workspace_id, id, 3, '2027-03-02', 'CLAIMED', 'Again.', '{}' FROM targets WHERE state = 'HELD'",
    )
    .await
    .unwrap();
    let newest: Vec<Rows> = diesel::sql_query(
        "SELECT id || ' ' || tableoid::regclass::text AS rows FROM steps ORDER BY id DESC LIMIT 1",
    )
    .load(&mut conn)
    .await
    .unwrap();
    assert_eq!(newest, rows(&["5 steps_rest"]));

    conn.batch_execute(UNITE).await.unwrap();
    assert_eq!(logs(&mut conn).await.len(), 13);
    conn.batch_execute(PARTITION).await.unwrap();
}
