//! Deliveries: one event on its way to one endpoint, and its tries.

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Result,
    event::EventType,
    ids::{NodeId, WebhookDeliveryId, WebhookEndpointId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, Page, PageRequest, Slice, StoreExt,
    page::TimeOrder,
    schema::{webhook_attempts, webhook_deliveries as table},
};

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not tried yet.
    Pending,
    /// Tried without success; tried again.
    Retrying,
    /// The endpoint took it.
    Succeeded,
    /// All tries failed.
    Failed,
}

impl State {
    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Retrying => "RETRYING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }
}

impl TryFrom<String> for State {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        [Self::Pending, Self::Retrying, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown delivery state {text}")))
    }
}

/// The kind of a delivery that was asked for to try an endpoint out.
pub const TEST: &str = "test";

/// One event on its way to one endpoint.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct Delivery {
    /// Id; the receiver sees it as `webhook-id`.
    #[diesel(deserialize_as = Uuid)]
    pub id: WebhookDeliveryId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// The endpoint.
    #[diesel(deserialize_as = Uuid)]
    pub endpoint_id: WebhookEndpointId,
    /// Its number at the endpoint, from 1.
    pub sequence: i64,
    /// The event's position in the log; a test may have none.
    pub event_seq: Option<i64>,
    /// The event's type as the log writes it, or [`TEST`].
    pub kind: String,
    /// How it stands.
    #[diesel(deserialize_as = String)]
    pub state: State,
    /// Tries since it was begun, or begun anew by a person.
    pub tries: i32,
    /// The fence: grows with each claim.
    pub token: i64,
    /// Who tries at this moment.
    pub worker: Option<Uuid>,
    /// When to try next; while somebody tries, when that one is taken for lost.
    pub due_at: Option<DateTime<Utc>>,
    /// What is sent, from the first try on.
    pub payload: Option<String>,
    /// When the event became a delivery.
    pub created_at: DateTime<Utc>,
    /// When it succeeded or failed.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Delivery {
    /// Whether it only tries an endpoint out.
    pub fn is_test(&self) -> bool {
        self.kind == TEST
    }
}

/// A try at a delivery.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = webhook_attempts)]
pub struct Attempt {
    /// The delivery.
    #[diesel(deserialize_as = Uuid)]
    pub delivery_id: WebhookDeliveryId,
    /// Its number, from 1; the token under which it was made.
    pub n: i64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took in milliseconds; none when its worker was lost.
    pub duration_ms: Option<i32>,
    /// The status of the answer.
    pub http_status: Option<i32>,
    /// The beginning of the answer.
    pub answer: Option<String>,
    /// Why there is no good answer.
    pub error: Option<String>,
}

/// A delivery about to be added.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// Id.
    pub id: WebhookDeliveryId,
    /// Its number at the endpoint.
    pub sequence: i64,
    /// The event's position in the log.
    pub event_seq: Option<i64>,
    /// The event's type, or [`TEST`].
    pub kind: String,
    /// When to try first.
    pub due_at: DateTime<Utc>,
    /// Who tries it at once; then `due_at` is the end of the lease.
    pub worker: Option<NodeId>,
    /// Now.
    pub created_at: DateTime<Utc>,
}

/// Adds deliveries of an endpoint that is locked.
pub async fn insert(
    conn: &mut Conn,
    workspace: WorkspaceId,
    endpoint: WebhookEndpointId,
    new: &[NewDelivery],
) -> Result<()> {
    let rows: Vec<_> = new
        .iter()
        .map(|row| {
            let begun = row.worker.is_some();
            (
                table::id.eq(row.id.uuid()),
                table::workspace_id.eq(workspace.uuid()),
                table::endpoint_id.eq(endpoint.uuid()),
                table::sequence.eq(row.sequence),
                table::event_seq.eq(row.event_seq),
                table::kind.eq(&row.kind),
                table::state.eq(State::Pending.as_str()),
                table::tries.eq(i32::from(begun)),
                table::token.eq(i64::from(begun)),
                table::worker.eq(row.worker.map(NodeId::uuid)),
                table::due_at.eq(row.due_at),
                table::created_at.eq(row.created_at),
            )
        })
        .collect();
    diesel::insert_into(table::table)
        .values(rows)
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The delivery with an id.
pub async fn get(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: WebhookDeliveryId,
) -> Result<Delivery> {
    by_ids(conn, workspace, &[id])
        .await?
        .pop()
        .ok_or_else(|| Error::not_found("webhook delivery"))
}

/// The deliveries with these ids, in no order; unknown ones are left out.
pub async fn by_ids(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[WebhookDeliveryId],
) -> Result<Vec<Delivery>> {
    table::table
        .filter(table::workspace_id.eq(workspace.uuid()))
        .filter(table::id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(Delivery::as_select())
        .load(conn)
        .await
        .stored()
}

/// The tries of deliveries, each delivery's in order.
pub async fn attempts_of(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[WebhookDeliveryId],
) -> Result<Vec<Attempt>> {
    use webhook_attempts as attempts;
    attempts::table
        .filter(attempts::workspace_id.eq(workspace.uuid()))
        .filter(attempts::delivery_id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .order((attempts::delivery_id, attempts::n))
        .select(Attempt::as_select())
        .load(conn)
        .await
        .stored()
}

/// What a list of deliveries is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of these endpoints.
    pub endpoints: Option<Vec<WebhookEndpointId>>,
    /// Only these states.
    pub states: Option<Vec<State>>,
    /// Only of events of these types; tests are left out then.
    pub kinds: Option<Vec<EventType>>,
    /// Made at or after.
    pub from: Option<DateTime<Utc>>,
    /// Made before.
    pub to: Option<DateTime<Utc>>,
}

macro_rules! filtered {
    ($query:expr, $workspace:expr, $filter:expr) => {{
        let mut query = $query
            .filter(table::workspace_id.eq($workspace.uuid()))
            .into_boxed();
        match $filter.endpoints.as_deref() {
            // One endpoint's log is read in the order of its own index.
            Some([one]) => query = query.filter(table::endpoint_id.eq(one.uuid())),
            Some(list) => {
                query = query.filter(
                    table::endpoint_id.eq_any(list.iter().map(|id| id.uuid()).collect::<Vec<_>>()),
                );
            }
            None => {}
        }
        if let Some(states) = &$filter.states {
            query = query
                .filter(table::state.eq_any(states.iter().map(|s| s.as_str()).collect::<Vec<_>>()));
        }
        if let Some(kinds) = &$filter.kinds {
            query = query
                .filter(table::kind.eq_any(kinds.iter().map(|k| k.as_str()).collect::<Vec<_>>()));
        }
        if let Some(from) = $filter.from {
            query = query.filter(table::created_at.ge(from));
        }
        if let Some(to) = $filter.to {
            query = query.filter(table::created_at.lt(to));
        }
        query
    }};
}

/// A page of deliveries, newest first.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    filter: &Filter,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Delivery>> {
    let mut query = filtered!(
        table::table.select(Delivery::as_select()),
        workspace,
        filter
    );
    let order = TimeOrder {
        table: "webhook_deliveries",
        column: "webhook_deliveries.created_at",
        descending: true,
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

/// How many deliveries the filter leaves.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId, filter: &Filter) -> Result<i64> {
    filtered!(table::table.count(), workspace, filter)
        .get_result(conn)
        .await
        .stored()
}

/// Begins a delivery anew, due at `now`; false when somebody tries it at this moment.
pub async fn restart(conn: &mut Conn, id: WebhookDeliveryId, now: DateTime<Utc>) -> Result<bool> {
    let changed = diesel::update(
        table::table.filter(
            table::id
                .eq(id.uuid())
                .and(table::worker.is_null().or(table::due_at.le(now))),
        ),
    )
    .set((
        table::state.eq(State::Retrying.as_str()),
        table::tries.eq(0),
        table::worker.eq(None::<Uuid>),
        table::due_at.eq(now),
        table::finished_at.eq(None::<DateTime<Utc>>),
    ))
    .execute(conn)
    .await
    .stored()?;
    Ok(changed == 1)
}
