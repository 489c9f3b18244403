//! How live posts do: the latest figures of each target, and the queue of their readings.
//!
//! What was claimed is written with the claim's token, so that a reader that was thought dead and
//! wakes up changes nothing.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Int8, Jsonb, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Network, Result,
    ids::{ConnectionId, TargetId, WorkspaceId},
    metric::Metrics,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{CachedExt, Conn, StoreExt, schema::target_metrics};

/// The figures as columns.
#[derive(Clone, Copy, Debug, Default, Queryable, Selectable)]
#[diesel(table_name = target_metrics)]
pub struct Figures {
    views: Option<i64>,
    reach: Option<i64>,
    likes: Option<i64>,
    comments: Option<i64>,
    shares: Option<i64>,
    saves: Option<i64>,
    clicks: Option<i64>,
    video_views: Option<i64>,
}

impl From<Figures> for Metrics {
    fn from(row: Figures) -> Self {
        Self {
            views: row.views,
            reach: row.reach,
            likes: row.likes,
            comments: row.comments,
            shares: row.shares,
            saves: row.saves,
            clicks: row.clicks,
            video_views: row.video_views,
        }
    }
}

impl From<Metrics> for Figures {
    fn from(metrics: Metrics) -> Self {
        Self {
            views: metrics.views,
            reach: metrics.reach,
            likes: metrics.likes,
            comments: metrics.comments,
            shares: metrics.shares,
            saves: metrics.saves,
            clicks: metrics.clicks,
            video_views: metrics.video_views,
        }
    }
}

/// How a target does.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = target_metrics)]
pub struct TargetMetrics {
    /// Target.
    #[diesel(deserialize_as = Uuid)]
    pub target_id: TargetId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// The target's connection.
    #[diesel(deserialize_as = Uuid)]
    pub connection_id: ConnectionId,
    /// The connection's network.
    #[diesel(deserialize_as = String)]
    pub network: Network,
    #[diesel(embed)]
    figures: Figures,
    /// When the figures were read.
    pub read_at: Option<DateTime<Utc>>,
    /// When they are read next; empty once they were read for the last time.
    pub due_at: Option<DateTime<Utc>>,
    /// The fence.
    pub token: i64,
    /// Until when a worker reads them.
    pub lease_until: Option<DateTime<Utc>>,
    /// Readings in a row that failed for a passing reason.
    pub failures: i32,
    /// Code of why the last reading failed.
    pub error_code: Option<String>,
    /// Why the last reading failed, for a person.
    pub error_message: Option<String>,
}

impl TargetMetrics {
    /// A target that is read for the first time at `due_at`.
    pub fn new(
        workspace: WorkspaceId,
        target: TargetId,
        connection: ConnectionId,
        network: Network,
        due_at: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            target_id: target,
            workspace_id: workspace,
            connection_id: connection,
            network,
            figures: Figures::default(),
            read_at: None,
            due_at,
            token: 0,
            lease_until: None,
            failures: 0,
            error_code: None,
            error_message: None,
        }
    }

    /// The figures.
    pub fn metrics(&self) -> Metrics {
        self.figures.into()
    }

    /// Takes figures over, and forgets what went wrong before.
    pub fn set(&mut self, metrics: Metrics, now: DateTime<Utc>) {
        self.figures = metrics.into();
        self.read_at = Some(now);
        self.failures = 0;
        self.error_code = None;
        self.error_message = None;
    }

    fn json(&self) -> Value {
        let f = &self.figures;
        json!({
            "target_id": self.target_id.uuid(), "workspace_id": self.workspace_id.uuid(),
            "connection_id": self.connection_id.uuid(), "network": self.network.as_str(),
            "views": f.views, "reach": f.reach, "likes": f.likes, "comments": f.comments,
            "shares": f.shares, "saves": f.saves, "clicks": f.clicks, "video_views": f.video_views,
            "read_at": self.read_at, "due_at": self.due_at, "token": self.token,
            "failures": self.failures, "error_code": self.error_code,
            "error_message": self.error_message,
        })
    }
}

/// Begins to watch targets; one that is watched already stays as it is.
pub async fn insert(conn: &mut Conn, rows: &[TargetMetrics]) -> Result<()> {
    let rows: Value = rows.iter().map(TargetMetrics::json).collect();
    diesel::sql_query(
        "INSERT INTO target_metrics SELECT * FROM jsonb_populate_recordset(NULL::target_metrics, $1)
         ON CONFLICT (target_id) DO NOTHING",
    )
    .bind::<Jsonb, _>(rows)
    .cached()
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// The figures of targets, in no order; those that are not watched are left out.
pub async fn of_targets(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[TargetId],
) -> Result<Vec<TargetMetrics>> {
    target_metrics::table
        .filter(target_metrics::workspace_id.eq(workspace.uuid()))
        .filter(
            target_metrics::target_id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()),
        )
        .select(TargetMetrics::as_select())
        .load(conn)
        .await
        .stored()
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    target_id: Uuid,
}

// What holds publishing back holds this back as well: an account or app whose limit is used up.
const CLAIM: &str = "
UPDATE target_metrics m SET token = m.token + 1, lease_until = $2
FROM (SELECT d.target_id FROM target_metrics d
      WHERE d.due_at <= $1 AND (d.lease_until IS NULL OR d.lease_until <= $1)
        AND NOT EXISTS (SELECT FROM lanes l WHERE l.connection_id = d.connection_id AND l.blocked_until > $1)
        AND NOT EXISTS (SELECT FROM network_states n WHERE n.network = d.network AND n.blocked_until > $1)
      ORDER BY d.due_at LIMIT $3 FOR UPDATE OF d SKIP LOCKED) due
WHERE m.target_id = due.target_id RETURNING m.target_id";

/// Takes up to `limit` targets whose figures are due, the longest due first. Skips what another
/// worker is taking at this moment.
pub async fn claim(
    conn: &mut Conn,
    limit: i64,
    now: DateTime<Utc>,
    lease_until: DateTime<Utc>,
) -> Result<Vec<TargetMetrics>> {
    let ids: Vec<Id> = diesel::sql_query(CLAIM)
        .bind::<Timestamptz, _>(now)
        .bind::<Timestamptz, _>(lease_until)
        .bind::<Int8, _>(limit)
        .load(conn)
        .await
        .stored()?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    target_metrics::table
        .filter(
            target_metrics::target_id.eq_any(ids.iter().map(|id| id.target_id).collect::<Vec<_>>()),
        )
        .order((target_metrics::due_at, target_metrics::target_id))
        .select(TargetMetrics::as_select())
        .load(conn)
        .await
        .stored()
}

/// Writes claimed targets back and lets go of them; how many were still ours.
pub async fn save(conn: &mut Conn, rows: &[TargetMetrics]) -> Result<usize> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.target_id.uuid()).collect();
    let rows: Value = rows.iter().map(TargetMetrics::json).collect();
    diesel::sql_query(
        "UPDATE target_metrics m SET views = v.views, reach = v.reach, likes = v.likes,
             comments = v.comments, shares = v.shares, saves = v.saves, clicks = v.clicks,
             video_views = v.video_views, read_at = v.read_at, due_at = v.due_at,
             failures = v.failures, error_code = v.error_code, error_message = v.error_message,
             lease_until = NULL
         FROM jsonb_populate_recordset(NULL::target_metrics, $1) v
         WHERE m.target_id = ANY($2) AND m.target_id = v.target_id AND m.token = v.token",
    )
    .bind::<Jsonb, _>(rows)
    .bind::<Array<SqlUuid>, _>(ids)
    .execute(conn)
    .await
    .stored()
}

/// Puts off what is due before `until`: of one account, or of a whole network. What a worker reads at
/// this moment is its own business.
pub async fn put_off(
    conn: &mut Conn,
    network: Network,
    connection: Option<ConnectionId>,
    until: DateTime<Utc>,
) -> Result<()> {
    let early = target_metrics::table
        .filter(target_metrics::due_at.lt(until))
        .filter(target_metrics::lease_until.is_null())
        .filter(target_metrics::network.eq(network.as_str()));
    let due = target_metrics::due_at.eq(until);
    match connection {
        Some(id) => {
            diesel::update(early.filter(target_metrics::connection_id.eq(id.uuid())))
                .set(due)
                .execute(conn)
                .await
        }
        None => diesel::update(early).set(due).execute(conn).await,
    }
    .stored()?;
    Ok(())
}
