//! The database holds the same state machine as core.

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use posthaste_core::target::TRANSITIONS;
use posthaste_testkit::TestDatabase;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    from_state: String,
    #[diesel(sql_type = Text)]
    to_state: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_transitions_is_core_s() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    let rows: Vec<Row> =
        diesel::sql_query("SELECT from_state, to_state FROM target_transitions ORDER BY 1, 2")
            .load(&mut conn)
            .await
            .unwrap();
    let held: Vec<_> = rows
        .into_iter()
        .map(|row| (row.from_state, row.to_state))
        .collect();
    let mut wanted: Vec<_> = TRANSITIONS
        .iter()
        .map(|t| (t.from.as_str().to_owned(), t.to.as_str().to_owned()))
        .collect();
    wanted.sort();
    assert_eq!(held, wanted);
}
