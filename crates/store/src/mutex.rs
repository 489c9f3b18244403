//! Locks between processes that outlive transactions, so that a network can be asked meanwhile.

use diesel::{prelude::*, sql_types};
use diesel_async::RunQueryDsl;
use posthaste_core::Result;
use uuid::Uuid;

use crate::{Conn, StoreExt};

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = sql_types::Bool)]
    answer: bool,
}

async fn ask(conn: &mut Conn, function: &str, id: Uuid) -> Result<bool> {
    // Advisory locks are named by 64 bits; the random half of a UUIDv7 tells ids apart.
    let (_, random_half) = id.as_u64_pair();
    let row: Answer = diesel::sql_query(format!("SELECT {function}($1) AS answer"))
        .bind::<sql_types::Int8, _>(random_half as i64)
        .get_result(conn)
        .await
        .stored()?;
    Ok(row.answer)
}

/// Takes the lock of an id for this connection; false when another connection has it. PostgreSQL
/// frees it with [`unlock`], or when the connection ends.
pub async fn try_lock(conn: &mut Conn, id: Uuid) -> Result<bool> {
    ask(conn, "pg_try_advisory_lock", id).await
}

/// Frees the lock of an id.
pub async fn unlock(conn: &mut Conn, id: Uuid) -> Result<()> {
    ask(conn, "pg_advisory_unlock", id).await?;
    Ok(())
}
