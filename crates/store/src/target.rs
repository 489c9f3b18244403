//! Targets as people see and change them; the publisher's own queries are in [`crate::publish`].

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, ErrorCode, Network, Result,
    connector::Intent,
    ids::{ConnectionId, PostId, TargetId, WorkspaceId},
    post::TargetSettings,
    target::{MisfirePolicy, State},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Conn, Json, Page, PageRequest, Scope, Slice, StoreExt, page::TimeOrder, schema::targets,
    scope::none_beyond,
};

/// What to do once it is proved that an unknown call published nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IfAbsent {
    /// Send again: the proof is good enough.
    #[default]
    Resend,
    /// Hold for a person.
    Hold,
}

impl IfAbsent {
    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resend => "RESEND",
            Self::Hold => "HOLD",
        }
    }
}

impl TryFrom<String> for IfAbsent {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        match text.as_str() {
            "RESEND" => Ok(Self::Resend),
            "HOLD" => Ok(Self::Hold),
            _ => Err(Error::internal(format!("unknown policy {text}"))),
        }
    }
}

/// One post × one connection.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = targets)]
pub struct Target {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: TargetId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Post.
    #[diesel(deserialize_as = Uuid)]
    pub post_id: PostId,
    /// Connection.
    #[diesel(deserialize_as = Uuid)]
    pub connection_id: ConnectionId,
    /// The connection's network.
    #[diesel(deserialize_as = String)]
    pub network: Network,
    /// Place among the post's targets.
    pub position: i32,
    /// Settings that are no content.
    pub settings: Json<TargetSettings>,
    /// State.
    #[diesel(deserialize_as = String)]
    pub state: State,
    /// Grows when a person changes it.
    pub version: i32,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// The local time a person chose.
    pub local_time: Option<NaiveDateTime>,
    /// The zone of that local time.
    pub time_zone: Option<String>,
    /// What to do when its time is missed.
    #[diesel(deserialize_as = String)]
    pub misfire: MisfirePolicy,
    /// What to do once it is proved absent.
    #[diesel(deserialize_as = String)]
    pub if_absent: IfAbsent,
    /// A person asked for it after its time.
    pub late_ok: bool,
    /// Tries so far.
    pub attempt: i32,
    /// The fence.
    pub token: i64,
    /// When to read back.
    pub reconcile_after: Option<DateTime<Utc>>,
    /// Readings that found nothing.
    pub misses: i32,
    /// What was prepared so far.
    pub progress: Option<Json<Value>>,
    /// What was written down before the visible call.
    pub intent: Option<Json<Intent>>,
    /// Before anything is sent, what may have been published since then is looked for: the database lost
    /// its newest writes, or a person dropped it while it may have been live.
    pub read_back_from: Option<DateTime<Utc>>,
    /// The network's id of the live post.
    pub remote_id: Option<String>,
    /// Its public address.
    pub permalink: Option<String>,
    /// When it went live.
    pub published_at: Option<DateTime<Utc>>,
    /// Code of the last failure.
    pub error_code: Option<String>,
    /// The last failure, for a person.
    pub error_message: Option<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// The fingerprint of its words (`posthaste_core::preflight`); none for media alone.
    pub words: Option<Vec<u8>>,
    /// Where it appears: FEED, STORY, REEL.
    pub kind: Option<String>,
    /// What the network charges, in millionths of the currency; none when no price is known.
    pub price: Option<i64>,
    /// When it is looked at ahead of its time.
    pub look_at: Option<DateTime<Utc>>,
    /// Codes of the risks that were told.
    pub risks: Vec<String>,
    /// Until when it waits for a place under a limit of its kind; the line goes on without it.
    pub waits_until: Option<DateTime<Utc>>,
    /// A person lets it cost more than is left of a budget.
    pub budget_ok: bool,
}

/// Adds targets; the database refuses a second target of a post on one connection.
pub async fn insert(conn: &mut Conn, rows: &[Target]) -> Result<()> {
    let values: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                (
                    targets::words.eq(&row.words),
                    targets::kind.eq(&row.kind),
                    targets::price.eq(row.price),
                    targets::look_at.eq(row.look_at),
                    targets::risks.eq(&row.risks),
                ),
                targets::id.eq(row.id.uuid()),
                targets::workspace_id.eq(row.workspace_id.uuid()),
                targets::post_id.eq(row.post_id.uuid()),
                targets::connection_id.eq(row.connection_id.uuid()),
                targets::network.eq(row.network.as_str()),
                targets::position.eq(row.position),
                targets::settings.eq(&row.settings),
                targets::state.eq(row.state.as_str()),
                targets::due_at.eq(row.due_at),
                targets::local_time.eq(row.local_time),
                targets::time_zone.eq(&row.time_zone),
                targets::misfire.eq(row.misfire.as_str()),
                targets::if_absent.eq(row.if_absent.as_str()),
                targets::late_ok.eq(row.late_ok),
                (
                    targets::created_at.eq(row.created_at),
                    targets::updated_at.eq(row.updated_at),
                ),
            )
        })
        .collect();
    diesel::insert_into(targets::table)
        .values(values)
        .execute(conn)
        .await
        .stored_unless_taken("A target with this id exists already.")?;
    Ok(())
}

/// Writes what a person may change; refuses when a worker or another person was quicker.
pub async fn update(conn: &mut Conn, row: &mut Target, from: State) -> Result<()> {
    let changed = diesel::update(
        targets::table.filter(
            targets::id
                .eq(row.id.uuid())
                .and(targets::version.eq(row.version))
                .and(targets::state.eq(from.as_str())),
        ),
    )
    .set((
        (
            targets::position.eq(row.position),
            targets::settings.eq(&row.settings),
            targets::state.eq(row.state.as_str()),
            targets::version.eq(row.version + 1),
            targets::due_at.eq(row.due_at),
            targets::local_time.eq(row.local_time),
            targets::time_zone.eq(&row.time_zone),
            targets::misfire.eq(row.misfire.as_str()),
        ),
        (
            targets::if_absent.eq(row.if_absent.as_str()),
            targets::late_ok.eq(row.late_ok),
            targets::attempt.eq(row.attempt),
            targets::misses.eq(row.misses),
            targets::progress.eq(&row.progress),
            targets::intent.eq(&row.intent),
            targets::read_back_from.eq(row.read_back_from),
            targets::remote_id.eq(&row.remote_id),
            targets::permalink.eq(&row.permalink),
            targets::published_at.eq(row.published_at),
        ),
        (
            targets::words.eq(&row.words),
            targets::kind.eq(&row.kind),
            targets::price.eq(row.price),
            targets::look_at.eq(row.look_at),
            targets::risks.eq(&row.risks),
            targets::waits_until.eq(row.waits_until),
            targets::budget_ok.eq(row.budget_ok),
        ),
        (
            targets::error_code.eq(&row.error_code),
            targets::error_message.eq(&row.error_message),
            targets::updated_at.eq(row.updated_at),
            // Whoever works on it at this moment works on what is no longer true.
            targets::token.eq(targets::token + 1),
        ),
    ))
    .execute(conn)
    .await
    .stored()?;
    if changed == 0 {
        return Err(Error::new(
            ErrorCode::VersionConflict,
            "The target was changed or taken by the publisher at the same time; read it again.",
        )
        .about(row.id));
    }
    row.version += 1;
    Ok(())
}

/// Removes a target that never went anywhere.
pub async fn delete(conn: &mut Conn, workspace: WorkspaceId, id: TargetId) -> Result<()> {
    diesel::delete(
        targets::table.filter(
            targets::workspace_id
                .eq(workspace.uuid())
                .and(targets::id.eq(id.uuid())),
        ),
    )
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// The target with an id.
pub async fn get(conn: &mut Conn, scope: impl Into<Scope>, id: TargetId) -> Result<Target> {
    by_ids(conn, scope, &[id])
        .await?
        .pop()
        .ok_or_else(|| Error::not_found("target"))
}

/// The targets with these ids, in no order; unknown ones are left out.
pub async fn by_ids(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    ids: &[TargetId],
) -> Result<Vec<Target>> {
    let scope = scope.into();
    let found = targets::table
        .filter(targets::workspace_id.eq(scope.workspace.uuid()))
        .filter(targets::id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(Target::as_select())
        .load(conn)
        .await
        .stored()?;
    scope
        .keep(conn, found, |row: &Target| row.post_id.uuid())
        .await
}

/// The targets of posts, each post's in order.
pub async fn of_posts(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    posts: &[PostId],
) -> Result<Vec<Target>> {
    let scope = scope.into();
    let found = targets::table
        .filter(targets::workspace_id.eq(scope.workspace.uuid()))
        .filter(targets::post_id.eq_any(posts.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .order((targets::post_id, targets::position))
        .select(Target::as_select())
        .load(conn)
        .await
        .stored()?;
    scope
        .keep(conn, found, |row: &Target| row.post_id.uuid())
        .await
}

/// Scheduled targets of a connection on their way or waiting, for a check when it goes away.
pub async fn open_of_connection(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ConnectionId,
) -> Result<Vec<Target>> {
    let open: Vec<_> = [
        State::Scheduled,
        State::Held,
        State::Claimed,
        State::Sending,
        State::Uncertain,
        State::Reconciling,
    ]
    .iter()
    .map(|state| state.as_str())
    .collect();
    targets::table
        .filter(
            targets::workspace_id
                .eq(workspace.uuid())
                .and(targets::connection_id.eq(id.uuid())),
        )
        .filter(targets::state.eq_any(open))
        .order(targets::id)
        .select(Target::as_select())
        .load(conn)
        .await
        .stored()
}

/// What a list of targets is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these states.
    pub states: Option<Vec<State>>,
    /// Only these networks.
    pub networks: Option<Vec<Network>>,
    /// Only these connections.
    pub connections: Option<Vec<ConnectionId>>,
    /// Due at or after.
    pub due_from: Option<DateTime<Utc>>,
    /// Due before.
    pub due_to: Option<DateTime<Utc>>,
    /// Only the one live at this public address.
    pub permalink: Option<String>,
}

macro_rules! filtered {
    ($query:expr, $scope:expr, $filter:expr) => {{
        let mut query = $query
            .filter(targets::workspace_id.eq($scope.workspace.uuid()))
            .into_boxed();
        if let Some(limit) = $scope.reach.ids() {
            query = query
                .filter(targets::connection_id.eq_any(limit.clone()))
                .filter(none_beyond!("targets.post_id", limit));
        }
        if let Some(states) = &$filter.states {
            query = query.filter(
                targets::state.eq_any(states.iter().map(|s| s.as_str()).collect::<Vec<_>>()),
            );
        }
        if let Some(networks) = &$filter.networks {
            query = query.filter(
                targets::network.eq_any(networks.iter().map(|n| n.as_str()).collect::<Vec<_>>()),
            );
        }
        if let Some(connections) = &$filter.connections {
            query = query.filter(
                targets::connection_id
                    .eq_any(connections.iter().map(|id| id.uuid()).collect::<Vec<_>>()),
            );
        }
        if let Some(from) = $filter.due_from {
            query = query.filter(targets::due_at.ge(from));
        }
        if let Some(to) = $filter.due_to {
            query = query.filter(targets::due_at.lt(to));
        }
        if let Some(permalink) = &$filter.permalink {
            query = query.filter(targets::permalink.eq(permalink.as_str()));
        }
        query
    }};
}

/// A page of targets, by due time or by creation; ties are broken by id.
pub async fn list(
    conn: &mut Conn,
    scope: impl Into<Scope>,
    filter: &Filter,
    by_due: bool,
    descending: bool,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Target>> {
    let scope = scope.into();
    let column = if by_due {
        "coalesce(targets.due_at, 'infinity'::timestamptz)"
    } else {
        "targets.created_at"
    };
    let mut query = filtered!(targets::table.select(Target::as_select()), scope, filter);
    let order = TimeOrder {
        table: "targets",
        column,
        descending,
    };
    for condition in order.within(page) {
        query = query.filter(condition);
    }
    let rows = query
        .order(sql::<Bool>(&order.terms(page)))
        .limit(page.limit + 1)
        .load(conn)
        .await
        .stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many targets the filter leaves.
pub async fn count(conn: &mut Conn, scope: impl Into<Scope>, filter: &Filter) -> Result<i64> {
    let scope = scope.into();
    filtered!(targets::table.count(), scope, filter)
        .get_result(conn)
        .await
        .stored()
}
