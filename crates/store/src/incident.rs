//! Incidents and what was done about them, and what gives rise to them.

mod watch;

use chrono::{DateTime, Utc};
use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{Integer, Text},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Provenance, Result,
    ids::{IncidentId, WorkspaceId},
    incident::{Rule, StepKind},
};
use serde_json::Value;
use uuid::Uuid;

pub use watch::{Deletions, KeyNetworks, deletions, keys_of_many_networks};

use crate::{
    Conn, Json, Page, PageRequest, Slice, StoreExt,
    page::TimeOrder,
    schema::{incident_steps as steps, incidents},
};

/// An incident.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = incidents)]
pub struct Incident {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: IncidentId,
    /// The workspace that it concerns; none for the server.
    pub workspace_id: Option<Uuid>,
    /// What opened it.
    #[diesel(deserialize_as = String)]
    pub rule: Rule,
    /// The person, key or address that it is about.
    pub subject: String,
    /// What was seen first.
    pub detail: Value,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When it was seen last.
    pub seen_at: DateTime<Utc>,
    /// How often it was seen.
    pub times: i32,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

/// Something that was done about an incident.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = steps)]
pub struct Step {
    /// The incident.
    #[diesel(deserialize_as = Uuid)]
    pub incident_id: IncidentId,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[diesel(deserialize_as = String)]
    pub kind: StepKind,
    /// By whom.
    pub provenance: Json<Provenance>,
    /// What they said of it.
    pub note: Option<String>,
}

/// The position of an incident in its list: when it was opened, and its id.
pub type Key = (Option<DateTime<Utc>>, Uuid);

/// Opens an incident, or notes in the one that is open that it was seen again; whether it was opened.
pub async fn see(conn: &mut Conn, new: &Incident) -> Result<bool> {
    let again = diesel::update(incidents::table)
        .filter(incidents::closed_at.is_null())
        .filter(incidents::rule.eq(new.rule.as_str()))
        .filter(incidents::subject.eq(&new.subject))
        .filter(incidents::workspace_id.is_not_distinct_from(new.workspace_id))
        .set((
            incidents::seen_at.eq(new.seen_at),
            incidents::times.eq(incidents::times + 1),
        ))
        .execute(conn)
        .await
        .stored()?;
    if again > 0 {
        return Ok(false);
    }
    let opened = diesel::insert_into(incidents::table)
        .values((
            incidents::id.eq(new.id.uuid()),
            incidents::workspace_id.eq(new.workspace_id),
            incidents::rule.eq(new.rule.as_str()),
            incidents::subject.eq(&new.subject),
            incidents::detail.eq(&new.detail),
            incidents::opened_at.eq(new.opened_at),
            incidents::seen_at.eq(new.seen_at),
            incidents::times.eq(new.times),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .stored()?;
    Ok(opened > 0)
}

/// Adds what was done.
pub async fn add_step(conn: &mut Conn, incident: &Incident, step: &Step) -> Result<()> {
    let number = format!(
        "(SELECT coalesce(max(number), 0) + 1 FROM incident_steps WHERE incident_id = '{}')",
        incident.id.uuid()
    );
    diesel::insert_into(steps::table)
        .values((
            steps::incident_id.eq(incident.id.uuid()),
            steps::number.eq(sql::<Integer>(&number)),
            steps::workspace_id.eq(incident.workspace_id),
            steps::at.eq(step.at),
            steps::kind.eq(step.kind.as_str()),
            steps::provenance.eq(&step.provenance),
            steps::note.eq(&step.note),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Closes an incident.
pub async fn close(conn: &mut Conn, id: IncidentId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(incidents::table.find(id.uuid()))
        .set(incidents::closed_at.eq(at))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The incident with an id, of a workspace or of the server, locked for a change.
pub async fn lock(
    conn: &mut Conn,
    workspace: Option<WorkspaceId>,
    id: IncidentId,
) -> Result<Incident> {
    let found = incidents::table
        .find(id.uuid())
        .filter(incidents::workspace_id.is_not_distinct_from(workspace.map(WorkspaceId::uuid)))
        .select(Incident::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
        .stored()?;
    found.ok_or_else(|| Error::not_found("incident"))
}

/// Of a workspace, the incidents with these ids, in no order; unknown ones are left out.
pub async fn by_ids(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[IncidentId],
) -> Result<Vec<Incident>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    incidents::table
        .filter(incidents::workspace_id.eq(workspace.uuid()))
        .filter(incidents::id.eq_any(ids))
        .select(Incident::as_select())
        .load(conn)
        .await
        .stored()
}

/// A page of a workspace's incidents, or of those that are open, the newest first.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    only_open: bool,
    page: &PageRequest<Key>,
) -> Result<Page<Incident>> {
    let order = TimeOrder {
        table: "incidents",
        column: "incidents.opened_at",
        descending: true,
    };
    let mut query = incidents::table
        .filter(incidents::workspace_id.eq(workspace.uuid()))
        .select(Incident::as_select())
        .into_boxed();
    if only_open {
        query = query.filter(incidents::closed_at.is_null());
    }
    for condition in order.within(page) {
        query = query.filter(condition);
    }
    let rows = query
        .order(sql::<Text>(&order.terms(page)))
        .limit(page.limit + 1)
        .load(conn)
        .await
        .stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many incidents a workspace has, or has open.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId, only_open: bool) -> Result<i64> {
    let mut query = incidents::table
        .filter(incidents::workspace_id.eq(workspace.uuid()))
        .into_boxed();
    if only_open {
        query = query.filter(incidents::closed_at.is_null());
    }
    query.count().get_result(conn).await.stored()
}

/// The newest incidents of the server and all workspaces, open ones only unless `closed`, the newest first.
pub async fn newest(conn: &mut Conn, closed: bool, limit: i64) -> Result<Vec<Incident>> {
    let mut query = incidents::table
        .select(Incident::as_select())
        .order((incidents::opened_at.desc(), incidents::id.desc()))
        .limit(limit)
        .into_boxed();
    if !closed {
        query = query.filter(incidents::closed_at.is_null());
    }
    query.load(conn).await.stored()
}

/// The incident with an id, whatever it concerns.
pub async fn find(conn: &mut Conn, id: IncidentId) -> Result<Incident> {
    let found = incidents::table
        .find(id.uuid())
        .select(Incident::as_select())
        .first(conn)
        .await
        .optional()
        .stored()?;
    found.ok_or_else(|| Error::not_found("incident"))
}

/// What was done about incidents, in order.
pub async fn steps(conn: &mut Conn, ids: &[IncidentId]) -> Result<Vec<Step>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    steps::table
        .filter(steps::incident_id.eq_any(ids))
        .order((steps::incident_id, steps::number))
        .select(Step::as_select())
        .load(conn)
        .await
        .stored()
}
