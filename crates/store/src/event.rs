//! The event log.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Provenance, Result,
    event::EventType,
    ids::{ConnectionId, EventId, MediaId, PostId, TargetId, WorkspaceId},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Conn, Json, StoreExt,
    schema::{event_heads, events},
};

/// Something that happened and is about to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Id.
    pub id: EventId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: EventType,
    /// The post concerned.
    pub post: Option<PostId>,
    /// The target concerned.
    pub target: Option<TargetId>,
    /// The connection concerned.
    pub connection: Option<ConnectionId>,
    /// The media concerned.
    pub media: Option<MediaId>,
    /// Who did it.
    pub provenance: Provenance,
    /// More, by kind.
    pub data: Value,
}

/// A row of the log.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct Event {
    /// Position in the workspace's log, without gaps, from 1.
    pub seq: i64,
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: EventId,
    /// When.
    pub at: DateTime<Utc>,
    /// What, as [`EventType::as_str`].
    pub kind: String,
    /// The post concerned.
    pub post_id: Option<Uuid>,
    /// The target concerned.
    pub target_id: Option<Uuid>,
    /// The connection concerned.
    pub connection_id: Option<Uuid>,
    /// The media concerned.
    pub media_id: Option<Uuid>,
    /// Who did it.
    pub provenance: Json<Provenance>,
    /// More, by kind.
    pub data: Json<Value>,
}

/// Appends events in order. Call it last in a transaction: from here to the commit other writers of
/// the workspace wait.
pub async fn append(conn: &mut Conn, workspace: WorkspaceId, new: &[NewEvent]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let last: i64 = diesel::update(event_heads::table.find(workspace.uuid()))
        .set(event_heads::seq.eq(event_heads::seq + new.len() as i64))
        .returning(event_heads::seq)
        .get_result(conn)
        .await
        .optional()
        .stored()?
        .ok_or_else(|| Error::not_found("workspace"))?;
    let first = last - new.len() as i64 + 1;
    let rows: Vec<_> = new
        .iter()
        .zip(first..)
        .map(|(event, seq)| {
            (
                events::workspace_id.eq(workspace.uuid()),
                events::seq.eq(seq),
                events::id.eq(event.id.uuid()),
                events::at.eq(event.at),
                events::kind.eq(event.kind.as_str()),
                events::post_id.eq(event.post.map(PostId::uuid)),
                events::target_id.eq(event.target.map(TargetId::uuid)),
                events::connection_id.eq(event.connection.map(ConnectionId::uuid)),
                events::media_id.eq(event.media.map(MediaId::uuid)),
                events::provenance.eq(Json(event.provenance.clone())),
                events::data.eq(&event.data),
            )
        })
        .collect();
    diesel::insert_into(events::table)
        .values(rows)
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// What a reading of the log is narrowed by; all conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these types; all when empty.
    pub kinds: Vec<EventType>,
    /// Only what concerns this post.
    pub post: Option<PostId>,
}

impl Filter {
    /// Whether an event is among those that [`after`] would read.
    pub fn accepts(&self, event: &Event) -> bool {
        let kind =
            self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.as_str() == event.kind);
        kind && self
            .post
            .is_none_or(|post| event.post_id == Some(post.uuid()))
    }
}

/// Events after a position, oldest first, at most `limit`.
pub async fn after(
    conn: &mut Conn,
    workspace: WorkspaceId,
    seq: i64,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Event>> {
    let mut query = events::table
        .filter(
            events::workspace_id
                .eq(workspace.uuid())
                .and(events::seq.gt(seq)),
        )
        .order(events::seq)
        .limit(limit)
        .select(Event::as_select())
        .into_boxed();
    if !filter.kinds.is_empty() {
        let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
        query = query.filter(events::kind.eq_any(kinds));
    }
    if let Some(post) = filter.post {
        query = query.filter(events::post_id.eq(post.uuid()));
    }
    query.load(conn).await.stored()
}

/// The newest event of these types, as the log writes them (of any when empty).
pub async fn newest(
    conn: &mut Conn,
    workspace: WorkspaceId,
    kinds: &[String],
) -> Result<Option<Event>> {
    let mut query = events::table
        .filter(events::workspace_id.eq(workspace.uuid()))
        .order(events::seq.desc())
        .limit(1)
        .select(Event::as_select())
        .into_boxed();
    if !kinds.is_empty() {
        query = query.filter(events::kind.eq_any(kinds));
    }
    query.first(conn).await.optional().stored()
}

/// How far the log reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Reach {
    /// The position of the newest event.
    pub head: i64,
    /// Up to here events were dropped, because they were too old.
    pub dropped: i64,
}

/// How far the log of a workspace reaches.
pub async fn reach(conn: &mut Conn, workspace: WorkspaceId) -> Result<Reach> {
    event_heads::table
        .find(workspace.uuid())
        .select((event_heads::seq, event_heads::dropped))
        .first(conn)
        .await
        .stored()
}

/// The event at a position.
pub async fn at(conn: &mut Conn, workspace: WorkspaceId, seq: i64) -> Result<Option<Event>> {
    events::table
        .filter(
            events::workspace_id
                .eq(workspace.uuid())
                .and(events::seq.eq(seq)),
        )
        .select(Event::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// The position of the newest event.
pub async fn head(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64> {
    event_heads::table
        .find(workspace.uuid())
        .select(event_heads::seq)
        .first(conn)
        .await
        .stored()
}

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = sql_types::Uuid)]
    workspace_id: Uuid,
    #[diesel(sql_type = sql_types::Int8)]
    seq: i64,
}

/// The newest positions of several workspaces, for the fan-out to subscriptions.
pub async fn heads(conn: &mut Conn, workspaces: &[WorkspaceId]) -> Result<Vec<(WorkspaceId, i64)>> {
    let ids: Vec<Uuid> = workspaces.iter().map(|id| id.uuid()).collect();
    let rows: Vec<Head> =
        diesel::sql_query("SELECT workspace_id, seq FROM event_heads WHERE workspace_id = ANY($1)")
            .bind::<sql_types::Array<sql_types::Uuid>, _>(ids)
            .load(conn)
            .await
            .stored()?;
    Ok(rows
        .into_iter()
        .map(|row| (row.workspace_id.into(), row.seq))
        .collect())
}
