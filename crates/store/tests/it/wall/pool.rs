//! A connection goes from one caller to the next: nothing of the one before is left.

use std::{pin::pin, time::Duration};

use futures::poll;
use posthaste_store::{Address, PoolSettings};
use tokio::task::JoinHandle;

use super::*;

#[derive(QueryableByName, Debug, PartialEq)]
struct Side {
    #[diesel(sql_type = Bool)]
    is_server: bool,
    #[diesel(sql_type = Text)]
    workspace: String,
}

async fn side(conn: &mut Conn) -> Side {
    diesel::sql_query(
        "SELECT current_user = session_user AS is_server, current_setting('app.workspace', true) AS workspace",
    )
    .get_result(conn)
    .await
    .unwrap()
}

fn server() -> Side {
    Side {
        is_server: true,
        workspace: String::new(),
    }
}

fn request(workspace: WorkspaceId) -> Side {
    Side {
        is_server: false,
        workspace: workspace.uuid().to_string(),
    }
}

/// A database with one connection, which all get one after the other.
async fn with_one_connection() -> (TestDatabase, Database) {
    let test = TestDatabase::new().await;
    let settings = PoolSettings {
        max_size: 1,
        wait: Duration::from_secs(10),
    };
    let db = Database::new(Address::new(&test.url, None).unwrap(), settings).unwrap();
    (test, db)
}

/// Whoever comes next stands where they belong, the server and another request alike.
async fn assert_clean(db: &Database) {
    let other = db.within(second());
    assert_eq!(side(&mut db.get().await.unwrap()).await, server());
    assert_eq!(
        side(&mut other.get().await.unwrap()).await,
        request(second())
    );
    assert_eq!(side(&mut db.begin().await.unwrap()).await, server());
    assert_eq!(
        side(&mut other.begin().await.unwrap()).await,
        request(second())
    );
    assert_eq!(
        side(&mut db.everywhere().get().await.unwrap()).await,
        server()
    );
}

#[tokio::test]
async fn nothing_is_left_of_whoever_had_a_connection_before() {
    let (_test, db) = with_one_connection().await;
    let bound = db.within(first());

    drop(bound.get().await.unwrap());
    assert_clean(&db).await;

    let mut tx = bound.begin().await.unwrap();
    assert_eq!(side(&mut tx).await, request(first()));
    tx.commit().await.unwrap();
    assert_clean(&db).await;

    bound.begin().await.unwrap().rollback().await.unwrap();
    assert_clean(&db).await;

    drop(bound.begin().await.unwrap());
    assert_clean(&db).await;

    let mut failed = bound.begin().await.unwrap();
    failed.batch_execute("SELECT 1 / 0").await.unwrap_err();
    drop(failed);
    assert_clean(&db).await;
}

#[tokio::test]
async fn nothing_is_left_of_whoever_panicked() {
    let (_test, db) = with_one_connection().await;
    for in_transaction in [false, true] {
        let bound = db.within(first());
        let panicked: JoinHandle<()> = tokio::spawn(async move {
            if in_transaction {
                let _tx = bound.begin().await.unwrap();
                panic!("in the middle");
            }
            let _conn = bound.get().await.unwrap();
            panic!("in the middle");
        });
        panicked.await.unwrap_err();
        assert_clean(&db).await;
    }
}

/// A request that is no longer wanted is dropped wherever it is.
#[tokio::test]
async fn nothing_is_left_of_whoever_was_broken_off() {
    let (_test, db) = with_one_connection().await;
    let bound = db.within(first());
    assert_clean(&db).await;
    {
        let mut first_words = pin!(bound.get());
        assert!(poll!(&mut first_words).is_pending());
    }
    assert_clean(&db).await;
    {
        let mut begin = pin!(bound.begin());
        assert!(poll!(&mut begin).is_pending());
    }
    assert_clean(&db).await;
    {
        let mut tx = bound.begin().await.unwrap();
        let mut statement = pin!(tx.batch_execute("SELECT pg_sleep(0.01)"));
        assert!(poll!(&mut statement).is_pending());
    }
    assert_clean(&db).await;
    {
        let tx = bound.begin().await.unwrap();
        let mut commit = pin!(tx.commit());
        assert!(poll!(&mut commit).is_pending());
    }
    assert_clean(&db).await;
}

#[tokio::test]
async fn a_connection_that_died_in_the_pool_is_replaced_and_stands_where_it_should() {
    let (test, db) = with_one_connection().await;
    for bound in [db.clone(), db.within(first())] {
        drop(bound.get().await.unwrap());
        let mut other = test.db.get().await.unwrap();
        other
            .batch_execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await
            .unwrap();
        assert_clean(&db).await;
    }
}
