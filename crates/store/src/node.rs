//! Running processes. Who lives is judged by the database's clock alone: a process whose own clock is wrong must
//! neither take the others for lost nor be taken for it. It is no business time.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{Array, Bool, Int8, Nullable, Text, Timestamptz, Uuid as SqlUuid},
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
    /// For how many seconds it has given none.
    #[diesel(sql_type = Int8)]
    pub silent_seconds: i64,
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
    "id, role, host, version, started_at, seen_at, drain_asked_at, drained_at, lost_at,
    greatest(extract(epoch FROM clock_timestamp() - seen_at), 0)::bigint AS silent_seconds";

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
    /// It was asked to hand its work over; that stands although it was forgotten meanwhile.
    pub draining: bool,
}

/// Says that a process lives, and returns what is known about it: whether it is asked to drain.
pub async fn beat(conn: &mut Conn, beat: &Beat<'_>) -> Result<Node> {
    diesel::sql_query(format!(
        "INSERT INTO nodes (id, role, host, version, started_at, seen_at, drain_asked_at)
         VALUES ($1, $2, $3, $4, $5, clock_timestamp(), CASE WHEN $6 THEN clock_timestamp() END)
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, lost_at = NULL
         RETURNING {COLUMNS}"
    ))
    .bind::<SqlUuid, _>(beat.id.uuid())
    .bind::<Text, _>(beat.role)
    .bind::<Text, _>(beat.host)
    .bind::<Text, _>(beat.version)
    .bind::<Timestamptz, _>(beat.started_at)
    .bind::<Bool, _>(beat.draining)
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

/// Asks processes to hand their work over (`wanted`) or to go on. Returns those that were not asked so before.
pub async fn set_draining(conn: &mut Conn, ids: &[NodeId], wanted: bool) -> Result<Vec<Node>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    diesel::sql_query(format!(
        "UPDATE nodes SET drain_asked_at = CASE WHEN $2 THEN clock_timestamp() END, drained_at = NULL
         WHERE id = ANY($1) AND (drain_asked_at IS NULL) = $2 RETURNING {COLUMNS}"
    ))
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Bool, _>(wanted)
    .load(conn)
    .await
    .stored()
}

/// Says that a process has handed everything over, unless it was asked to go on meanwhile.
pub async fn set_drained(conn: &mut Conn, id: NodeId) -> Result<()> {
    diesel::sql_query(
        "UPDATE nodes SET drained_at = clock_timestamp() WHERE id = $1 AND drain_asked_at IS NOT NULL",
    )
    .bind::<SqlUuid, _>(id.uuid())
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// Marks processes as lost that were silent for so long; each is returned once, to one caller.
pub async fn lose(conn: &mut Conn, silent: TimeDelta) -> Result<Vec<Node>> {
    diesel::sql_query(format!(
        "UPDATE nodes SET lost_at = clock_timestamp()
         WHERE seen_at < clock_timestamp() - $1 * interval '1 millisecond' AND lost_at IS NULL RETURNING {COLUMNS}"
    ))
    .bind::<Int8, _>(silent.num_milliseconds())
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

/// Forgets processes that are lost and were silent for so long; how many.
pub async fn forget(conn: &mut Conn, silent: TimeDelta) -> Result<usize> {
    diesel::sql_query(
        "DELETE FROM nodes
         WHERE lost_at IS NOT NULL AND seen_at < clock_timestamp() - $1 * interval '1 millisecond'",
    )
    .bind::<Int8, _>(silent.num_milliseconds())
    .execute(conn)
    .await
    .stored()
}
