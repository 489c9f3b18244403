//! The second wall: with the workspace left out of a query, rows of other workspaces are still not there.

use diesel::{
    QueryableByName,
    sql_types::{Bool, Int8, Text, Uuid as SqlUuid},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use posthaste_core::ids::WorkspaceId;
use posthaste_store::{Conn, Database, Tx};
use posthaste_testkit::TestDatabase;
use uuid::Uuid;

mod cost;
mod pool;
mod role;

/// Rows without the checks of their tables: what they say does not matter here.
const SEED: &str = include_str!("wall/seed.sql");

fn first() -> WorkspaceId {
    Uuid::from_u128(1).into()
}

fn second() -> WorkspaceId {
    Uuid::from_u128(2).into()
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

async fn names(conn: &mut Conn, sql: &str) -> Vec<String> {
    let rows: Vec<Name> = diesel::sql_query(sql).load(conn).await.unwrap();
    rows.into_iter().map(|row| row.name).collect()
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Int8)]
    number: i64,
}

async fn number(conn: &mut Conn, sql: &str) -> diesel::QueryResult<i64> {
    let row: Number = diesel::sql_query(sql).get_result(conn).await?;
    Ok(row.number)
}

/// One more migration without a policy makes this fail.
#[tokio::test]
async fn every_table_of_a_workspace_has_a_policy() {
    let test = TestDatabase::new().await;
    let conn = &mut *test.db.get().await.unwrap();
    let open = "SELECT c.relname::text AS name FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*'))";
    assert_eq!(names(conn, open).await, [""; 0]);
}

/// Whatever has no policy, such as a partition, is out of reach, unless it belongs to nobody.
#[tokio::test]
async fn requests_reach_nothing_that_has_no_policy() {
    let test = TestDatabase::new().await;
    let conn = &mut *test.db.nowhere().get().await.unwrap();
    let reached = "SELECT c.relname::text AS name FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relrowsecurity
        AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
            OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')) ORDER BY 1";
    assert_eq!(
        names(conn, reached).await,
        ["network_states", "target_transitions"]
    );
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Bool)]
    is_read: bool,
}

/// A database in which each table has one row of either workspace.
async fn seeded() -> (TestDatabase, Vec<Table>) {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(SEED).await.unwrap();
    drop(conn);
    let mut conn = test.db.nowhere().get().await.unwrap();
    let tables = diesel::sql_query(
        "SELECT name, key, has_table_privilege(name, 'SELECT') AS is_read FROM walled ORDER BY 1",
    );
    let tables: Vec<Table> = tables.load(&mut conn).await.unwrap();
    assert!(tables.len() > 30, "{} tables", tables.len());
    (test, tables)
}

#[tokio::test]
async fn without_a_filter_only_rows_of_the_workspace_are_seen() {
    let (test, tables) = seeded().await;
    let mut hidden = Vec::new();
    for Table { name, key, is_read } in tables {
        if !is_read {
            hidden.push(name);
            continue;
        }
        let all = format!("SELECT count(*) AS number FROM {name}");
        let count = async |db: Database| number(&mut db.get().await.unwrap(), &all).await.unwrap();
        assert_eq!(count(test.db.clone()).await, 2, "{name}");
        assert_eq!(count(test.db.within(first())).await, 1, "{name}");
        assert_eq!(count(test.db.within(second())).await, 1, "{name}");
        // Of nobody, and of somebody who is not there.
        assert_eq!(count(test.db.nowhere()).await, 0, "{name}");
        let mut unsaid = test.db.within(first()).get().await.unwrap();
        let forget = "SELECT set_config('app.workspace', '', false)";
        unsaid.batch_execute(forget).await.unwrap();
        assert_eq!(number(&mut unsaid, &all).await.unwrap(), 0, "{name}");
        let foreign = format!("{all} WHERE {key} = '{}'", second().uuid());
        let mut conn = test.db.within(first()).get().await.unwrap();
        assert_eq!(number(&mut conn, &foreign).await.unwrap(), 0, "{name}");
    }
    assert_eq!(
        hidden,
        ["data_keys", "oauth_codes", "oauth_grants", "sessions"]
    );
}

/// Runs a statement and takes it back: how many rows it changed, none where the wall is in the way.
async fn changes(db: &Database, sql: &str) -> usize {
    let mut tx: Tx = db.within(first()).begin().await.unwrap();
    let changed = diesel::sql_query(sql)
        .bind::<SqlUuid, _>(second().uuid())
        .execute(&mut *tx)
        .await;
    match changed {
        Ok(rows) => rows,
        Err(error) => {
            let error = error.to_string();
            let refused = ["row-level security", "permission denied"];
            assert!(
                refused.iter().any(|why| error.contains(why)),
                "{sql}: {error}"
            );
            0
        }
    }
}

#[tokio::test]
async fn without_a_filter_no_row_of_another_workspace_is_changed() {
    let (test, tables) = seeded().await;
    let db = &test.db;
    let mut changed = 0;
    for Table { name, key, .. } in &tables {
        let own = changes(
            db,
            &format!("UPDATE {name} SET {key} = {key} WHERE $1 IS NOT NULL"),
        )
        .await;
        let gone = changes(db, &format!("DELETE FROM {name} WHERE $1 IS NOT NULL")).await;
        assert!(own <= 1 && gone <= 1, "{name}");
        changed += own + gone;
        // Neither given away nor slipped in.
        let given = format!("UPDATE {name} SET {key} = $1");
        assert_eq!(changes(db, &given).await, 0, "{name}");
        let copy = format!("foreign_{name}");
        let slipped = format!("INSERT INTO {name} SELECT * FROM {copy} WHERE $1 IS NOT NULL");
        assert_eq!(changes(db, &slipped).await, 0, "{name}");
    }
    assert!(changed > 50, "own rows can be changed: {changed}");
    // And rows of one's own can be written.
    let mut tx = db.within(second()).begin().await.unwrap();
    tx.batch_execute("DELETE FROM posts; INSERT INTO posts SELECT * FROM foreign_posts")
        .await
        .unwrap();
    assert_eq!(
        number(&mut tx, "SELECT count(*) AS number FROM posts")
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn of_people_files_and_limits_only_those_of_the_workspace_are_seen() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    conn.batch_execute(include_str!("wall/people.sql"))
        .await
        .unwrap();
    drop(conn);
    let mut conn = test.db.within(first()).get().await.unwrap();
    let all = "SELECT name FROM users UNION ALL SELECT recipe FROM renditions
        UNION ALL SELECT posts::text FROM quota_readings ORDER BY 1";
    assert_eq!(names(&mut conn, all).await, ["1", "Ada", "small"]);
    for secret in [
        "SELECT password_hash AS name FROM users",
        "UPDATE users SET name = 'Eve' RETURNING name",
    ] {
        let error = conn.batch_execute(secret).await.unwrap_err().to_string();
        assert_eq!(error, "permission denied for table users");
    }
}
