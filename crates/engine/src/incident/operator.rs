//! What an operator sees of incidents and does about them, whatever workspace they concern. These functions check no role:
//! whoever may call them has the server's configuration in hand.

use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    ids::{IncidentId, UserId, WorkspaceId},
    incident::StepKind,
};
use posthaste_store::{
    Tx,
    incident::{self as rows, Incident, Step},
    person,
};

use super::{
    answer::noted,
    see::{open, settle},
};
use crate::{App, session::operator};

/// Most incidents that are shown at once.
const MOST: i64 = 100;

/// The newest incidents of the server and all workspaces, the closed ones too if wanted, 100 at most.
pub async fn newest(app: &App, closed: bool) -> Result<Vec<Incident>> {
    rows::newest(&mut *app.db.get().await?, closed, MOST).await
}

/// An incident, and what was done about it.
pub async fn get(app: &App, id: IncidentId) -> Result<(Incident, Vec<Step>)> {
    let mut conn = app.db.get().await?;
    let incident = rows::find(&mut conn, id).await?;
    let steps = rows::steps(&mut conn, &[id]).await?;
    Ok((incident, steps))
}

/// Shuts the person out whom an incident is about, in all workspaces; `INVALID_STATE` when it is about no person.
pub async fn lock_account(app: &App, id: IncidentId) -> Result<()> {
    let (incident, _) = get(app, id).await?;
    let user: UserId = incident.subject.parse().map_err(|_| {
        let message = "The incident is about no person.";
        Error::new(ErrorCode::InvalidState, message)
    })?;
    let person = person::get(&mut *app.db.get().await?, user).await?;
    let person = person.ok_or_else(|| Error::not_found("person"))?;
    operator::disable(app, &person.email).await?;
    let (tx, incident) = lock(app, &incident).await?;
    let kind = StepKind::AccountLocked;
    settle(app, tx, &incident, kind, Provenance::System, None).await
}

/// Closes an incident with a note of what it was.
pub async fn close(app: &App, id: IncidentId, text: &str) -> Result<()> {
    let text = noted(text)?;
    let (incident, _) = get(app, id).await?;
    let (mut tx, incident) = lock(app, &incident).await?;
    let incident = open(incident)?;
    rows::close(&mut tx, id, app.now()).await?;
    let kind = StepKind::Closed;
    settle(app, tx, &incident, kind, Provenance::System, Some(text)).await
}

async fn lock(app: &App, incident: &Incident) -> Result<(Tx, Incident)> {
    let mut tx = app.db.begin().await?;
    let workspace = incident.workspace_id.map(WorkspaceId::from);
    let incident = rows::lock(&mut tx, workspace, incident.id).await?;
    Ok((tx, incident))
}
