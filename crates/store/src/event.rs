//! The event log.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{self, Array, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Provenance, Result,
    event::EventType,
    ids::{ConnectionId, EventId, MediaId, PostId, TargetId, WorkspaceId},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    CachedExt, Conn, Json, Scope, StoreExt, audit,
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

/// Appends events in order, and those that concern security to the audit log too. Call it last in a
/// transaction: from here to the commit other writers of the workspace wait.
pub async fn append(conn: &mut Conn, workspace: WorkspaceId, new: &[NewEvent]) -> Result<()> {
    let new: Vec<_> = new.iter().map(|event| (workspace, event)).collect();
    append_all(conn, &new).await
}

const APPEND: &str = "
WITH new AS (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WITH ORDINALITY
        AS new (workspace_id, id, at, kind, post_id, target_id, connection_id, media_id, provenance, data, place)
), head AS (
    UPDATE event_heads h SET seq = h.seq + added.count
    FROM (SELECT workspace_id, count(*) AS count FROM new GROUP BY 1) added WHERE h.workspace_id = added.workspace_id
    RETURNING h.workspace_id, h.seq - added.count AS before
)
INSERT INTO events (workspace_id, seq, id, at, kind, post_id, target_id, connection_id, media_id, provenance, data)
SELECT workspace_id, head.before + row_number() OVER (PARTITION BY workspace_id ORDER BY place),
    id, at, kind, post_id, target_id, connection_id, media_id, provenance, data
FROM new JOIN head USING (workspace_id)";

/// As [`append`], for several workspaces.
pub async fn append_all(conn: &mut Conn, new: &[(WorkspaceId, &NewEvent)]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let workspaces: Vec<Uuid> = new.iter().map(|(workspace, _)| workspace.uuid()).collect();
    if workspaces.iter().any(|id| *id != workspaces[0]) {
        lock_heads(conn, &workspaces).await?;
    }
    let ids: Vec<Uuid> = new.iter().map(|(_, event)| event.id.uuid()).collect();
    let times: Vec<_> = new.iter().map(|(_, event)| event.at).collect();
    let kinds: Vec<_> = new.iter().map(|(_, event)| event.kind.as_str()).collect();
    let of = |id: fn(&NewEvent) -> Option<Uuid>| -> Vec<Option<Uuid>> {
        new.iter().map(|(_, event)| id(event)).collect()
    };
    let provenances: Vec<_> = new
        .iter()
        .map(|(_, event)| Json(event.provenance.clone()))
        .collect();
    let data: Vec<&Value> = new.iter().map(|(_, event)| &event.data).collect();
    let written = diesel::sql_query(APPEND)
        .bind::<Array<SqlUuid>, _>(&workspaces)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<Timestamptz>, _>(times)
        .bind::<Array<Text>, _>(kinds)
        .bind::<Array<Nullable<SqlUuid>>, _>(of(|event| event.post.map(PostId::uuid)))
        .bind::<Array<Nullable<SqlUuid>>, _>(of(|event| event.target.map(TargetId::uuid)))
        .bind::<Array<Nullable<SqlUuid>>, _>(of(|event| event.connection.map(ConnectionId::uuid)))
        .bind::<Array<Nullable<SqlUuid>>, _>(of(|event| event.media.map(MediaId::uuid)))
        .bind::<Array<Jsonb>, _>(provenances)
        .bind::<Array<Jsonb>, _>(data)
        .cached()
        .execute(conn)
        .await
        .stored()?;
    if written != new.len() {
        return Err(Error::not_found("workspace"));
    }
    audit::append_events(conn, new).await
}

/// In the order of their ids, so that two writers never wait for each other in a circle.
async fn lock_heads(conn: &mut Conn, workspaces: &[Uuid]) -> Result<()> {
    event_heads::table
        .filter(event_heads::workspace_id.eq_any(workspaces))
        .order(event_heads::workspace_id)
        .select(event_heads::workspace_id)
        .for_update()
        .load::<Uuid>(conn)
        .await
        .stored()?;
    Ok(())
}

/// What a reading of the log is narrowed by; all conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these types; all that this version knows when empty: a newer one, which may run beside it, writes
    /// others.
    pub kinds: Vec<EventType>,
    /// Only what concerns this post.
    pub post: Option<PostId>,
}

impl Filter {
    /// Whether an event is among those that [`after`] would read.
    pub fn accepts(&self, event: &Event) -> bool {
        let kind = self.names().contains(&event.kind.as_str());
        kind && self
            .post
            .is_none_or(|post| event.post_id == Some(post.uuid()))
    }

    fn names(&self) -> Vec<&'static str> {
        if self.kinds.is_empty() {
            return known();
        }
        self.kinds.iter().map(|kind| kind.as_str()).collect()
    }
}

/// The types that this version knows, as the log writes them.
pub(crate) fn known() -> Vec<&'static str> {
    EventType::ALL.iter().map(|kind| kind.as_str()).collect()
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
        .filter(events::kind.eq_any(filter.names()))
        .order(events::seq)
        .limit(limit)
        .select(Event::as_select())
        .into_boxed();
    if let Some(post) = filter.post {
        query = query.filter(events::post_id.eq(post.uuid()));
    }
    query.load(conn).await.stored()
}

/// Keeps of these events what concerns a post or connection within a limit, or media, which are everybody's.
pub async fn keep_within(
    conn: &mut Conn,
    scope: &Scope,
    mut events: Vec<Event>,
) -> Result<Vec<Event>> {
    let Some(limit) = scope.reach.ids() else {
        return Ok(events);
    };
    let posts = events.iter().filter_map(|event| event.post_id).collect();
    let seen = scope.seen(conn, posts, limit).await?;
    events.retain(|event| {
        // A post may have gone to another connection once.
        let connection = event.connection_id.map(ConnectionId::from);
        let is_there = connection.is_none_or(|id| scope.reach.has(id));
        let concerns = match event.post_id {
            Some(post) => seen.contains(&post),
            None => connection.is_some() || event.media_id.is_some(),
        };
        is_there && concerns
    });
    Ok(events)
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
            .bind::<Array<SqlUuid>, _>(ids)
            .load(conn)
            .await
            .stored()?;
    Ok(rows
        .into_iter()
        .map(|row| (row.workspace_id.into(), row.seq))
        .collect())
}
