//! Running processes.

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::NodeId};
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::nodes};

/// A running process.
#[derive(Clone, Debug, QueryableByName)]
pub struct Node {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    /// `SERVE` or `WORKER`.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// The name of its machine.
    #[diesel(sql_type = Text)]
    pub host: String,
    /// The version of its program.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// When it began.
    #[diesel(sql_type = Timestamptz)]
    pub started_at: DateTime<Utc>,
    /// When it gave a sign of life last.
    #[diesel(sql_type = Timestamptz)]
    pub seen_at: DateTime<Utc>,
    /// Since when it is asked to hand its work over.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub drain_asked_at: Option<DateTime<Utc>>,
    /// Since when it has.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub drained_at: Option<DateTime<Utc>>,
    /// When another one found that it gives no sign of life.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub lost_at: Option<DateTime<Utc>>,
}

/// How a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It works.
    Alive,
    /// It hands its work over.
    Draining,
    /// It has handed everything over.
    Drained,
    /// It gives no sign of life.
    Lost,
}

impl State {
    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alive => "ALIVE",
            Self::Draining => "DRAINING",
            Self::Drained => "DRAINED",
            Self::Lost => "LOST",
        }
    }
}

impl Node {
    /// The id.
    pub fn id(&self) -> NodeId {
        self.id.into()
    }

    /// How it stands.
    pub fn state(&self) -> State {
        match (self.lost_at, self.drain_asked_at, self.drained_at) {
            (Some(_), _, _) => State::Lost,
            (None, None, _) => State::Alive,
            (None, Some(_), None) => State::Draining,
            (None, Some(_), Some(_)) => State::Drained,
        }
    }
}

const COLUMNS: &str =
    "id, role, host, version, started_at, seen_at, drain_asked_at, drained_at, lost_at";

/// What a process says about itself.
#[derive(Clone, Debug)]
pub struct Beat<'a> {
    /// Its id.
    pub id: NodeId,
    /// `SERVE` or `WORKER`.
    pub role: &'a str,
    /// The name of its machine.
    pub host: &'a str,
    /// The version of its program.
    pub version: &'a str,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// Says that a process lives, and returns what is known about it: whether it is asked to drain.
pub async fn beat(conn: &mut Conn, beat: &Beat<'_>, now: DateTime<Utc>) -> Result<Node> {
    diesel::sql_query(format!(
        "INSERT INTO nodes (id, role, host, version, started_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, lost_at = NULL
         RETURNING {COLUMNS}"
    ))
    .bind::<SqlUuid, _>(beat.id.uuid())
    .bind::<Text, _>(beat.role)
    .bind::<Text, _>(beat.host)
    .bind::<Text, _>(beat.version)
    .bind::<Timestamptz, _>(beat.started_at)
    .bind::<Timestamptz, _>(now)
    .get_result(conn)
    .await
    .stored()
}

/// All processes, by host, role and beginning.
pub async fn all(conn: &mut Conn) -> Result<Vec<Node>> {
    diesel::sql_query(format!(
        "SELECT {COLUMNS} FROM nodes ORDER BY host, role, started_at, id"
    ))
    .load(conn)
    .await
    .stored()
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

/// Asks processes to hand their work over (with a time) or to go on (without). Returns those that were
/// not asked so before.
pub async fn set_draining(
    conn: &mut Conn,
    ids: &[NodeId],
    at: Option<DateTime<Utc>>,
) -> Result<Vec<Node>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    diesel::sql_query(format!(
        "UPDATE nodes SET drain_asked_at = $2, drained_at = NULL
         WHERE id = ANY($1) AND (drain_asked_at IS NULL) <> ($2 IS NULL) RETURNING {COLUMNS}"
    ))
    .bind::<diesel::sql_types::Array<SqlUuid>, _>(ids)
    .bind::<Nullable<Timestamptz>, _>(at)
    .load(conn)
    .await
    .stored()
}

/// Says that a process has handed everything over, unless it was asked to go on meanwhile.
pub async fn set_drained(conn: &mut Conn, id: NodeId, at: DateTime<Utc>) -> Result<()> {
    diesel::sql_query(
        "UPDATE nodes SET drained_at = $2 WHERE id = $1 AND drain_asked_at IS NOT NULL",
    )
    .bind::<SqlUuid, _>(id.uuid())
    .bind::<Timestamptz, _>(at)
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// Marks processes as lost that were not seen since `before`; each is returned once, to one caller.
pub async fn lose(conn: &mut Conn, before: DateTime<Utc>, now: DateTime<Utc>) -> Result<Vec<Node>> {
    diesel::sql_query(format!(
        "UPDATE nodes SET lost_at = $2 WHERE seen_at < $1 AND lost_at IS NULL RETURNING {COLUMNS}"
    ))
    .bind::<Timestamptz, _>(before)
    .bind::<Timestamptz, _>(now)
    .load(conn)
    .await
    .stored()
}

/// Forgets a process that ended in peace.
pub async fn leave(conn: &mut Conn, id: NodeId) -> Result<()> {
    diesel::delete(nodes::table.find(id.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Forgets processes not seen since `before`.
pub async fn sweep(conn: &mut Conn, before: DateTime<Utc>) -> Result<()> {
    diesel::delete(nodes::table.filter(nodes::seen_at.lt(before)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
