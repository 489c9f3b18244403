use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Permission, Role},
    event::EventType,
    ids::{IncidentId, WorkspaceId},
    incident::{Rule, StepKind},
};
use posthaste_store::{
    Conn, Json, PageRequest, Tx,
    audit::{self, NewEntry},
    event,
    incident::{self as rows, Incident, Step},
    member, workspace,
};
use serde_json::{Value, json};

use crate::{
    Actor, App,
    mail::{self, Letter, Outgoing},
};

/// What a rule has seen.
pub(crate) struct Seen {
    /// The workspace that it concerns; none for the server.
    pub workspace: Option<WorkspaceId>,
    /// The rule.
    pub rule: Rule,
    /// The person, key or address that it is about.
    pub subject: String,
    /// What was seen.
    pub detail: Value,
}

/// Opens an incident, tells owners and admins, and writes it into the logs; one that is open already is only counted up.
pub(crate) async fn see(app: &App, conn: &mut Conn, seen: Seen) -> Result<()> {
    let now = app.now();
    let incident = Incident {
        id: IncidentId::new(&*app.clock, &*app.random),
        workspace_id: seen.workspace.map(WorkspaceId::uuid),
        rule: seen.rule,
        subject: seen.subject,
        detail: seen.detail,
        opened_at: now,
        seen_at: now,
        times: 1,
        closed_at: None,
    };
    if !rows::see(conn, &incident).await? {
        return Ok(());
    }
    tracing::warn!(rule = incident.rule.as_str(), subject = incident.subject, id = %incident.id, "an incident was opened");
    note(
        app,
        conn,
        &incident,
        StepKind::Opened,
        Provenance::System,
        None,
    )
    .await?;
    match seen.workspace {
        Some(workspace) => {
            tell(
                app,
                conn,
                workspace,
                &incident,
                EventType::IncidentOpened,
                Provenance::System,
            )
            .await?;
            notify(app, conn, workspace, &incident).await
        }
        None => audit::append(conn, None, &[entry(app, &incident)]).await,
    }
}

/// As [`see`], in a transaction of its own. What cannot be written down makes no difference to who is answered.
pub(crate) async fn see_alone(app: &App, seen: Seen) {
    let written = async {
        let mut tx = app.db.begin().await?;
        see(app, &mut tx, seen).await?;
        tx.commit().await?;
        app.hints.events();
        Ok::<_, Error>(())
    };
    if let Err(error) = written.await {
        tracing::error!(%error, cause = ?error.cause, "an incident is not written down");
    }
}

/// The incident, unless it is closed.
pub(super) fn open(incident: Incident) -> Result<Incident> {
    if incident.closed_at.is_none() {
        return Ok(incident);
    }
    let message = "The incident is closed already.";
    Err(Error::new(ErrorCode::InvalidState, message))
}

/// Writes down and tells what was done about a locked incident, and ends the transaction.
pub(super) async fn settle(
    app: &App,
    mut tx: Tx,
    incident: &Incident,
    kind: StepKind,
    by: Provenance,
    text: Option<String>,
) -> Result<()> {
    note(app, &mut tx, incident, kind, by.clone(), text).await?;
    let told = if kind == StepKind::Closed {
        EventType::IncidentClosed
    } else {
        EventType::IncidentUpdated
    };
    if let Some(workspace) = incident.workspace_id {
        tell(app, &mut tx, workspace.into(), incident, told, by).await?;
    }
    tx.commit().await?;
    app.hints.events();
    Ok(())
}

/// Adds what was done.
async fn note(
    app: &App,
    conn: &mut Conn,
    incident: &Incident,
    kind: StepKind,
    by: Provenance,
    note: Option<String>,
) -> Result<()> {
    let step = Step {
        incident_id: incident.id,
        at: app.now(),
        kind,
        provenance: Json(by),
        note,
    };
    rows::add_step(conn, incident, &step).await
}

/// Writes an event about an incident.
async fn tell(
    app: &App,
    conn: &mut Conn,
    workspace: WorkspaceId,
    incident: &Incident,
    kind: EventType,
    by: Provenance,
) -> Result<()> {
    let actor = Actor::new(workspace, Role::Owner, by);
    let data = json!({ "incidentId": incident.id, "rule": incident.rule.as_str(), "subject": incident.subject });
    event::append(conn, workspace, &[app.event(&actor, kind, data)]).await
}

/// Tells everybody by mail who may manage members.
pub(super) async fn notify(
    app: &App,
    conn: &mut Conn,
    id: WorkspaceId,
    incident: &Incident,
) -> Result<()> {
    let letter = Letter::Incident {
        workspace: workspace::get(conn, id).await?.name,
        what: format!("{} ({})", incident.rule.title(), incident.subject),
        advice: incident.rule.advice().to_owned(),
    };
    let mut page = PageRequest::first(100);
    loop {
        let members = member::list(conn, id, &page).await?;
        page.after = members
            .rows
            .last()
            .map(|it| (it.created_at, it.user_id.uuid()));
        let told = members.rows.into_iter();
        for member in told.filter(|it| it.holds().contains(Permission::ManageMembers)) {
            let mail = Outgoing {
                id: mail::new_id(app),
                workspace: Some(id),
                to: member.email,
                about: incident.id.uuid(),
                letter: letter.clone(),
            };
            mail::queue(app, conn, mail).await?;
        }
        if !members.has_next {
            return Ok(());
        }
    }
}

fn entry(app: &App, incident: &Incident) -> NewEntry {
    NewEntry {
        at: app.now(),
        act: "incident.opened",
        actor: Provenance::System.credential(),
        subject: Some(incident.id.to_string()),
        detail: json!({ "rule": incident.rule.as_str(), "subject": incident.subject }),
    }
}
