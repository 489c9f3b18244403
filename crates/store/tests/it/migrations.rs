//! The migrations: reversible, and what `schema.rs` says.

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
