//! Partitions of the logs: made with what lies in the rest, and dropped but for what is needed.

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Int8, Text},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use posthaste_core::ids::WorkspaceId;
use posthaste_store::{
    Conn,
    event::{self, Reach},
    partition::{self, ATTEMPTS, EVENTS, STEPS},
};
use posthaste_testkit::TestDatabase;
use uuid::Uuid;

/// Two targets, one live and one that waits for a person, with tries and steps in January and February;
/// events of both months, and an endpoint that has come to the second.
const ROWS: &str = include_str!("partitions.sql");

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Int8)]
    rows: i64,
}

/// Where the rows of a log lie.
async fn places(conn: &mut Conn, log: &str) -> Vec<(String, i64)> {
    let places: Vec<Place> = diesel::sql_query(format!(
        "SELECT tableoid::regclass::text AS table, count(*) AS rows FROM {log} GROUP BY 1 ORDER BY 1"
    ))
    .load(conn)
    .await
    .unwrap();
    places
        .into_iter()
        .map(|place| (place.table, place.rows))
        .collect()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn owned(places: &[(&str, i64)]) -> Vec<(String, i64)> {
    places
        .iter()
        .map(|(table, rows)| ((*table).to_owned(), *rows))
        .collect()
}

fn workspace() -> WorkspaceId {
    Uuid::from_u128(1).into()
}

#[tokio::test]
async fn a_month_s_rows_move_into_its_partition() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(ROWS).await.unwrap();
    assert_eq!(
        places(&mut conn, "events").await,
        owned(&[("events_rest", 4)])
    );
    let (january, february) = (at("2027-01-01T00:00:00Z"), at("2027-02-01T00:00:00Z"));
    for (log, made) in [(&EVENTS, true), (&EVENTS, false), (&STEPS, true)] {
        let answer = partition::make(&test.db, log, january, february).await;
        assert_eq!(answer.unwrap(), made);
    }
    assert_eq!(
        places(&mut conn, "events").await,
        owned(&[("events_2027_01", 2), ("events_rest", 2)])
    );
    assert_eq!(
        places(&mut conn, "steps").await,
        owned(&[("steps_2027_01", 2), ("steps_rest", 2)])
    );
    let partitions = partition::list(&mut conn, &EVENTS).await.unwrap();
    let shown: Vec<_> = partitions
        .iter()
        .map(|one| (one.name.as_str(), one.since, one.until))
        .collect();
    assert_eq!(
        shown,
        [
            ("events_2027_01", Some(january), Some(february)),
            ("events_rest", None, None)
        ]
    );
}

#[tokio::test]
async fn what_is_needed_outlives_its_partition() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(ROWS).await.unwrap();
    let (january, february) = (at("2027-01-01T00:00:00Z"), at("2027-02-01T00:00:00Z"));
    for log in [&EVENTS, &ATTEMPTS, &STEPS] {
        partition::make(&test.db, log, january, february)
            .await
            .unwrap();
    }
    // A day before all of January is too old, nothing goes.
    for log in [&EVENTS, &ATTEMPTS, &STEPS] {
        let dropped = partition::drop_before(&test.db, log, at("2027-01-31T00:00:00Z")).await;
        assert_eq!(dropped.unwrap(), Vec::<String>::new());
    }
    for (log, name) in [
        (&EVENTS, "events_2027_01"),
        (&ATTEMPTS, "attempts_2027_01"),
        (&STEPS, "steps_2027_01"),
    ] {
        let dropped = partition::drop_before(&test.db, log, february).await;
        assert_eq!(dropped.unwrap(), [name]);
    }
    // January's: the event that the endpoint has yet to send, and what happened to the target that waits.
    for log in ["events", "attempts", "steps"] {
        let rest = format!("{log}_rest");
        assert_eq!(places(&mut conn, log).await, [(rest, 3)]);
    }
    let reach = event::reach(&mut conn, workspace()).await.unwrap();
    assert_eq!(
        reach,
        Reach {
            head: 4,
            dropped: 1
        }
    );
}

#[tokio::test]
async fn old_rows_of_the_rest_go_too() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(ROWS).await.unwrap();
    for log in [&EVENTS, &ATTEMPTS, &STEPS] {
        partition::drop_before(&test.db, log, at("2028-01-01T00:00:00Z"))
            .await
            .unwrap();
    }
    // Of both months: what the endpoint has yet to send, and what happened to the target that waits.
    assert_eq!(
        places(&mut conn, "events").await,
        owned(&[("events_rest", 3)])
    );
    assert_eq!(
        places(&mut conn, "attempts").await,
        owned(&[("attempts_rest", 2)])
    );
    assert_eq!(
        places(&mut conn, "steps").await,
        owned(&[("steps_rest", 2)])
    );
}

#[tokio::test]
async fn what_belongs_to_deleted_rows_goes_with_them() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(ROWS).await.unwrap();
    conn.batch_execute("DELETE FROM targets WHERE state = 'HELD'")
        .await
        .unwrap();
    assert_eq!(
        places(&mut conn, "attempts").await,
        owned(&[("attempts_rest", 2)])
    );
    assert_eq!(
        places(&mut conn, "steps").await,
        owned(&[("steps_rest", 2)])
    );
    conn.batch_execute("DELETE FROM targets; DELETE FROM workspaces")
        .await
        .unwrap();
    for log in ["events", "attempts", "steps"] {
        assert_eq!(places(&mut conn, log).await, []);
    }
}
