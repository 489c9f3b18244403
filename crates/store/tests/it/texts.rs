//! Texts that PostgreSQL does not keep.

use diesel::sql_types::{Jsonb, Text};
use diesel_async::RunQueryDsl;
use posthaste_core::ErrorCode;
use posthaste_store::{StoreExt, access::user_by_email};
use posthaste_testkit::TestDatabase;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_nul_is_the_sender_s_mistake() {
    let test = TestDatabase::new().await;
    let mut conn = test.db.get().await.unwrap();
    let told = user_by_email(&mut conn, "a\0@b.c").await.map(drop);
    assert_eq!(told.unwrap_err().code, ErrorCode::InvalidInput);
    let query = diesel::sql_query("SELECT $1").bind::<Jsonb, _>(json!({ "a": "\0" }));
    let told = query.execute(&mut conn).await.stored();
    assert_eq!(told.unwrap_err().code, ErrorCode::InvalidInput);
    let query = diesel::sql_query("SELECT $1::int").bind::<Text, _>("x");
    let told = query.execute(&mut conn).await.stored();
    assert_eq!(told.unwrap_err().code, ErrorCode::Internal);
}
