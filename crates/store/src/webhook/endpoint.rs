//! Endpoints: addresses that events are sent to.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    ids::{WebhookEndpointId, WorkspaceId},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{Conn, Json, Page, PageRequest, Slice, StoreExt, schema::webhook_endpoints as table};

/// How an endpoint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Events are sent.
    Enabled,
    /// Events wait.
    Paused,
    /// Nothing is sent until a person resumes it.
    Disabled,
}

impl Status {
    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
        }
    }
}

impl TryFrom<String> for Status {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        [Self::Enabled, Self::Paused, Self::Disabled]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown endpoint status {text}")))
    }
}

/// Why an endpoint is not enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// A person paused it.
    Person,
    /// It failed for a day; it is probed.
    Failures,
    /// It answered 410 Gone.
    Gone,
    /// Whoever wrote its payload document may no longer read the workspace.
    Author,
}

impl Reason {
    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "PERSON",
            Self::Failures => "FAILURES",
            Self::Gone => "GONE",
            Self::Author => "AUTHOR",
        }
    }

    /// The reason behind a name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Person, Self::Failures, Self::Gone, Self::Author]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

/// An address that events are sent to.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct Endpoint {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: WebhookEndpointId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Where to send.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Only these types of events; all when empty.
    pub event_types: Vec<String>,
    /// The payload document; the default one when empty.
    pub document: Option<String>,
    /// How it stands.
    #[diesel(deserialize_as = String)]
    pub status: Status,
    /// Why it is not enabled, as [`Reason::as_str`].
    pub status_reason: Option<String>,
    /// The sealed secret.
    pub secret: Vec<u8>,
    /// The sealed secret before the last rotation.
    pub previous_secret: Option<Vec<u8>>,
    /// Until when it signs too.
    pub previous_until: Option<DateTime<Utc>>,
    /// Whose rights the payload document has.
    pub author: Json<Provenance>,
    /// Events up to this position have become deliveries.
    pub cursor: i64,
    /// The number of the newest delivery.
    pub sequence: i64,
    /// Failed tries since the last success.
    pub failures: i32,
    /// When the first of them failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// When there may be something to send; of one that is paused, when it is probed.
    pub next_due_at: Option<DateTime<Utc>>,
    /// Until when its receiver asked to be left alone.
    pub held_until: Option<DateTime<Utc>>,
    /// Grows with each change by a person.
    pub version: i32,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When a person changed it last.
    pub updated_at: DateTime<Utc>,
}

impl Endpoint {
    /// Why it is not enabled.
    pub fn reason(&self) -> Option<Reason> {
        Reason::from_name(self.status_reason.as_deref()?)
    }
}

/// Adds an endpoint.
pub async fn insert(conn: &mut Conn, row: &Endpoint) -> Result<()> {
    diesel::insert_into(table::table)
        .values((
            table::id.eq(row.id.uuid()),
            table::workspace_id.eq(row.workspace_id.uuid()),
            table::url.eq(&row.url),
            table::description.eq(&row.description),
            table::event_types.eq(&row.event_types),
            table::document.eq(&row.document),
            table::status.eq(row.status.as_str()),
            table::secret.eq(&row.secret),
            table::author.eq(&row.author),
            table::cursor.eq(row.cursor),
            table::created_at.eq(row.created_at),
            table::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("An endpoint with this id exists already.")?;
    Ok(())
}

/// Writes every changeable field of an endpoint that is locked.
pub async fn update(conn: &mut Conn, row: &Endpoint) -> Result<()> {
    diesel::update(table::table.find(row.id.uuid()))
        .set((
            (
                table::url.eq(&row.url),
                table::description.eq(&row.description),
                table::event_types.eq(&row.event_types),
                table::document.eq(&row.document),
                table::status.eq(row.status.as_str()),
                table::status_reason.eq(&row.status_reason),
            ),
            (
                table::secret.eq(&row.secret),
                table::previous_secret.eq(&row.previous_secret),
                table::previous_until.eq(row.previous_until),
                table::author.eq(&row.author),
            ),
            (
                table::cursor.eq(row.cursor),
                table::sequence.eq(row.sequence),
                table::failures.eq(row.failures),
                table::failing_since.eq(row.failing_since),
                table::next_due_at.eq(row.next_due_at),
                table::held_until.eq(row.held_until),
                table::version.eq(row.version),
                table::updated_at.eq(row.updated_at),
            ),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Removes an endpoint with its deliveries.
pub async fn delete(conn: &mut Conn, id: WebhookEndpointId) -> Result<()> {
    diesel::delete(table::table.find(id.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

macro_rules! one {
    ($workspace:expr, $id:expr) => {
        table::table
            .filter(
                table::workspace_id
                    .eq($workspace.uuid())
                    .and(table::id.eq($id.uuid())),
            )
            .select(Endpoint::as_select())
    };
}

/// The endpoint with an id.
pub async fn get(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: WebhookEndpointId,
) -> Result<Endpoint> {
    let found = one!(workspace, id).first(conn).await.optional().stored()?;
    found.ok_or_else(|| Error::not_found("webhook endpoint"))
}

/// As [`get`], locking the row until the transaction ends.
pub async fn lock(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: WebhookEndpointId,
) -> Result<Endpoint> {
    let query = one!(workspace, id).for_update();
    let found = query.first(conn).await.optional().stored()?;
    found.ok_or_else(|| Error::not_found("webhook endpoint"))
}

/// The endpoints with these ids, in no order; unknown ones are left out.
pub async fn by_ids(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[WebhookEndpointId],
) -> Result<Vec<Endpoint>> {
    table::table
        .filter(table::workspace_id.eq(workspace.uuid()))
        .filter(table::id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(Endpoint::as_select())
        .load(conn)
        .await
        .stored()
}

/// A page of endpoints in the order in which they were added.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    page: &PageRequest<(DateTime<Utc>, Uuid)>,
) -> Result<Page<Endpoint>> {
    let mut query = table::table
        .filter(table::workspace_id.eq(workspace.uuid()))
        .select(Endpoint::as_select())
        .into_boxed();
    if let Some((at, id)) = page.after {
        query = query.filter(
            table::created_at
                .gt(at)
                .or(table::created_at.eq(at).and(table::id.gt(id))),
        );
    }
    if let Some((at, id)) = page.before {
        query = query.filter(
            table::created_at
                .lt(at)
                .or(table::created_at.eq(at).and(table::id.lt(id))),
        );
    }
    query = if page.from_end {
        query.order((table::created_at.desc(), table::id.desc()))
    } else {
        query.order((table::created_at.asc(), table::id.asc()))
    };
    let rows = query.limit(page.limit + 1).load(conn).await.stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many endpoints a workspace has.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64> {
    table::table
        .filter(table::workspace_id.eq(workspace.uuid()))
        .count()
        .get_result(conn)
        .await
        .stored()
}

/// Refuses with `WEBHOOK_TOO_MANY` from `most` on; other creations of the workspace wait until the
/// transaction ends.
pub async fn reserve(conn: &mut Conn, workspace: WorkspaceId, most: i64) -> Result<()> {
    use crate::schema::workspaces;
    workspaces::table
        .find(workspace.uuid())
        .select(workspaces::id)
        .for_no_key_update()
        .first::<Uuid>(conn)
        .await
        .stored()?;
    if count(conn, workspace).await? < most {
        return Ok(());
    }
    let message = format!("{most} webhook endpoints are the most a workspace can have.");
    Err(Error::new(ErrorCode::WebhookTooMany, message))
}
