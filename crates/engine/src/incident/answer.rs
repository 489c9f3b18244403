use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    ids::{ApiKeyId, IncidentId, UserId},
    incident::{Action, StepKind},
};
use posthaste_store::{
    Tx, access,
    incident::{self as rows, Incident},
};

use super::see::{notify, open, settle};
use crate::{Actor, App, change, key};

/// Characters of a note.
const LONGEST: usize = 2000;

/// What can be done about an incident: by whom it is about.
pub fn actions(incident: &Incident) -> Vec<Action> {
    if incident.closed_at.is_some() {
        return Vec::new();
    }
    let by_subject = match (person(incident), program(incident)) {
        (Some(_), _) => Some(Action::RevokeSessions),
        (_, Some(_)) => Some(Action::RevokeKey),
        _ => None,
    };
    by_subject
        .into_iter()
        .chain([Action::NotifyAdmins])
        .collect()
}

fn person(incident: &Incident) -> Option<UserId> {
    incident.subject.parse().ok()
}

fn program(incident: &Incident) -> Option<ApiKeyId> {
    incident.subject.parse().ok()
}

async fn get(app: &App, actor: &Actor, id: IncidentId) -> Result<Incident> {
    actor.require(Permission::ManageMembers)?;
    let mut conn = app.db.get().await?;
    let found = rows::by_ids(&mut conn, actor.workspace, &[id]).await?;
    let found = found.into_iter().next();
    found.ok_or_else(|| Error::not_found("incident").at(["id"]))
}

/// Does something about an open incident, and writes it down there.
pub async fn act(app: &App, actor: &Actor, id: IncidentId, action: Action) -> Result<Incident> {
    let known = get(app, actor, id).await?;
    if !actions(&known).contains(&action) {
        let message =
            "This cannot be done about the incident: it is closed, or about something else.";
        return Err(Error::new(ErrorCode::InvalidState, message).at(["action"]));
    }
    match action {
        Action::RevokeSessions => revoke_sessions(app, actor, &known).await,
        Action::RevokeKey => revoke_key(app, actor, &known).await,
        Action::NotifyAdmins => notify_admins(app, actor, &known).await,
    }?;
    get(app, actor, id).await
}

async fn revoke_sessions(app: &App, actor: &Actor, known: &Incident) -> Result<()> {
    let (tx, actor, incident) = begin(app, actor, known.id).await?;
    let user = person(&incident).ok_or_else(|| Error::not_found("person"))?;
    // Rows of sessions are beyond the wall.
    let mut conn = app.everywhere().db.get().await?;
    access::revoke_sessions_in(&mut conn, actor.workspace, user, app.now()).await?;
    drop(conn);
    settle(
        app,
        tx,
        &incident,
        StepKind::SessionsRevoked,
        actor.provenance,
        None,
    )
    .await
}

async fn revoke_key(app: &App, actor: &Actor, known: &Incident) -> Result<()> {
    let id = program(known).ok_or_else(|| Error::not_found("API key"))?;
    key::revoke(app, actor, id).await?;
    let mut tx = app.db.begin().await?;
    let incident = rows::lock(&mut tx, Some(actor.workspace), known.id).await?;
    settle(
        app,
        tx,
        &incident,
        StepKind::KeyRevoked,
        actor.provenance.clone(),
        None,
    )
    .await
}

async fn notify_admins(app: &App, actor: &Actor, known: &Incident) -> Result<()> {
    let (mut tx, actor, incident) = begin(app, actor, known.id).await?;
    notify(app, &mut tx, actor.workspace, &incident).await?;
    settle(
        app,
        tx,
        &incident,
        StepKind::AdminsNotified,
        actor.provenance,
        None,
    )
    .await
}

/// Closes an incident with a note of what it was.
pub async fn close(app: &App, actor: &Actor, id: IncidentId, text: &str) -> Result<Incident> {
    let text = noted(text)?;
    let (mut tx, actor, incident) = begin(app, actor, id).await?;
    rows::close(&mut tx, id, app.now()).await?;
    let by = actor.provenance.clone();
    settle(app, tx, &incident, StepKind::Closed, by, Some(text)).await?;
    get(app, &actor, id).await
}

/// A note as it is kept.
pub(super) fn noted(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST {
        let message = format!("A note has 1 to {LONGEST} characters.");
        return Err(Error::new(ErrorCode::InvalidInput, message).at(["note"]));
    }
    Ok(text.to_owned())
}

/// An incident that is to be changed, locked; of two who close it the second comes too late.
async fn begin(app: &App, actor: &Actor, id: IncidentId) -> Result<(Tx, Actor, Incident)> {
    let (mut tx, actor) = change::begin(app, actor, Permission::ManageMembers).await?;
    let incident = rows::lock(&mut tx, Some(actor.workspace), id).await;
    let incident = incident.and_then(open);
    Ok((tx, actor, incident.map_err(|error| error.at(["id"]))?))
}
