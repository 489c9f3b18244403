//! The audit log's chains in the database.

use diesel_async::SimpleAsyncConnection;
use futures::future::join_all;
use posthaste_core::{
    audit::{Fault, Verifier},
    ids::WorkspaceId,
};
use posthaste_store::{
    Database,
    audit::{self, Chain, NewEntry},
};
use posthaste_testkit::{TestDatabase, start};
use serde_json::json;
use uuid::Uuid;

fn entry(name: &str) -> NewEntry {
    NewEntry {
        at: start(),
        act: "api_key.created",
        actor: "system".into(),
        subject: None,
        detail: json!({ "name": name, "limit": 10, "deep": { "b": [1, null], "a": "é" } }),
    }
}

async fn append(db: &Database, chain: Chain, names: &[&str]) {
    let mut tx = db.begin().await.unwrap();
    let new: Vec<_> = names.iter().map(|name| entry(name)).collect();
    audit::append(&mut tx, chain, &new).await.unwrap();
    tx.commit().await.unwrap();
}

async fn verified(db: &Database, chain: Chain) -> Result<i64, Fault> {
    let mut conn = db.get().await.unwrap();
    let mut verifier = Verifier::default();
    for entry in audit::after(&mut conn, chain, 0, 1000).await.unwrap() {
        verifier.take(&entry)?;
    }
    let end = audit::end(&mut conn, chain).await.unwrap();
    verifier.end(end.seq, &end.hash)?;
    assert_eq!(end.highest, end.seq);
    Ok(end.seq)
}

#[tokio::test]
async fn entries_are_read_as_they_were_written_and_chains_are_apart() {
    let test = TestDatabase::new().await;
    let workspace = Some(WorkspaceId::from(Uuid::from_u128(7)));
    append(&test.db, None, &["a"]).await;
    append(&test.db, workspace, &["b", "c"]).await;
    append(&test.db, None, &["d"]).await;
    assert_eq!(verified(&test.db, None).await, Ok(2));
    assert_eq!(verified(&test.db, workspace).await, Ok(2));
    let mut conn = test.db.get().await.unwrap();
    let all = audit::chains(&mut conn, None, 10).await.unwrap();
    assert_eq!(all, [None, workspace]);
    let rest = audit::chains(&mut conn, Some(None), 10).await.unwrap();
    assert_eq!(rest, [workspace]);
    let entries = audit::after(&mut conn, workspace, 1, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].detail, Some(entry("c").detail));
    assert_eq!(entries[0].salt.as_ref().unwrap().len(), 16);
    let other = audit::after(&mut conn, workspace, 0, 1).await.unwrap();
    assert_ne!(other[0].salt, entries[0].salt, "each has its own salt");
}

#[tokio::test]
async fn an_entry_is_written_with_its_transaction_or_not_at_all() {
    let test = TestDatabase::new().await;
    let mut tx = test.db.begin().await.unwrap();
    audit::append(&mut tx, None, &[entry("a")]).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(verified(&test.db, None).await, Ok(0));
    append(&test.db, None, &["b"]).await;
    assert_eq!(verified(&test.db, None).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_once_make_one_chain() {
    let test = TestDatabase::new().await;
    join_all((0..20).map(|_| append(&test.db, None, &["a", "b"]))).await;
    assert_eq!(verified(&test.db, None).await, Ok(40));
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_an_entry() {
    let test = TestDatabase::new().await;
    append(&test.db, None, &["a", "b"]).await;
    let mut conn = test.db.get().await.unwrap();
    for statement in [
        "UPDATE audit_entries SET act = 'post.created' WHERE seq = 1",
        "UPDATE audit_entries SET detail = '{}' WHERE seq = 1",
        "UPDATE audit_entries SET detail = NULL, salt = NULL, actor = 'key_1' WHERE seq = 1",
        "UPDATE audit_entries SET detail_hash = '' WHERE seq = 1",
        "DELETE FROM audit_entries WHERE seq = 2",
        "TRUNCATE audit_entries",
        "UPDATE audit_heads SET seq = 1",
        "UPDATE audit_heads SET chain = gen_random_uuid()",
        "DELETE FROM audit_heads",
        "TRUNCATE audit_heads",
    ] {
        let error = conn.batch_execute(statement).await.unwrap_err().to_string();
        let expected = "the audit log is only ever appended to";
        assert!(error.contains(expected), "{statement}: {error}");
    }
    assert_eq!(verified(&test.db, None).await, Ok(2));
}

#[tokio::test]
async fn a_person_is_erased_and_the_chain_is_whole() {
    let test = TestDatabase::new().await;
    append(&test.db, None, &["a", "Ada", "c"]).await;
    let mut conn = test.db.get().await.unwrap();
    let erase = "UPDATE audit_entries SET detail = NULL, salt = NULL WHERE seq = 2";
    conn.batch_execute(erase).await.unwrap();
    assert_eq!(verified(&test.db, None).await, Ok(3));
}
