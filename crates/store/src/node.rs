//! Running processes.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::NodeId};

use crate::{Conn, StoreExt, schema::nodes};

/// Says that a process lives.
pub async fn beat(
    conn: &mut Conn,
    id: NodeId,
    role: &str,
    started_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(nodes::table)
        .values((
            nodes::id.eq(id.uuid()),
            nodes::role.eq(role),
            nodes::started_at.eq(started_at),
            nodes::seen_at.eq(now),
        ))
        .on_conflict(nodes::id)
        .do_update()
        .set(nodes::seen_at.eq(excluded(nodes::seen_at)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// When a process of this role was seen last.
pub async fn last_seen(conn: &mut Conn, role: &str) -> Result<Option<DateTime<Utc>>> {
    nodes::table
        .filter(nodes::role.eq(role))
        .select(diesel::dsl::max(nodes::seen_at))
        .first(conn)
        .await
        .stored()
}

/// Forgets processes not seen since `before`.
pub async fn sweep(conn: &mut Conn, before: DateTime<Utc>) -> Result<()> {
    diesel::delete(nodes::table.filter(nodes::seen_at.lt(before)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
