//! Budgets while they are changed.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use posthaste_core::ids::WorkspaceId;
use posthaste_store::{budget, schema::workspaces};
use posthaste_testkit::{TestDatabase, start};
use uuid::Uuid;

/// Saving a budget that is there already must not let those through that wait to decide by it.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_budget_that_is_saved_sees_the_new_amount() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(
        "INSERT INTO workspaces VALUES (gen_random_uuid(), 'Workspace', 'UTC', '2027-01-04')",
    )
    .await
    .unwrap();
    let id: Uuid = workspaces::table
        .select(workspaces::id)
        .first(&mut *conn)
        .await
        .unwrap();
    let workspace = WorkspaceId::from(id);
    budget::set(&mut conn, workspace, None, Some(10), start())
        .await
        .unwrap();

    let mut saving = test.db.begin().await.unwrap();
    budget::lock(&mut saving, workspace).await.unwrap();
    budget::set(&mut saving, workspace, None, Some(20), start())
        .await
        .unwrap();
    let db = test.db.clone();
    let waiting = tokio::spawn(async move {
        let mut tx = db.begin().await.unwrap();
        budget::lock(&mut tx, workspace).await.unwrap()
    });
    until_somebody_waits(&mut conn).await;
    saving.commit().await.unwrap();
    let seen = waiting.await.unwrap();
    let amounts: Vec<_> = seen.iter().map(|budget| budget.amount).collect();
    assert_eq!(amounts, [20]);

    budget::set(&mut conn, workspace, None, None, start())
        .await
        .unwrap();
    assert!(budget::of(&mut conn, workspace).await.unwrap().is_empty());
}

async fn until_somebody_waits(conn: &mut posthaste_store::Conn) {
    #[derive(QueryableByName)]
    struct Waits {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        waits: bool,
    }
    for _ in 0..500 {
        let row: Waits = diesel::sql_query(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock') AS waits",
        )
        .get_result(conn)
        .await
        .unwrap();
        if row.waits {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits for the budget");
}
