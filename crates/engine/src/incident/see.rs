use posthaste_core::{
    Provenance, Result,
    access::{Permission, Role},
    event::EventType,
    ids::{IncidentId, WorkspaceId},
    incident::{Rule, StepKind},
};
use posthaste_store::{
    Conn, Json, PageRequest,
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
        Ok::<_, posthaste_core::Error>(())
    };
    if let Err(error) = written.await {
        tracing::error!(%error, cause = ?error.cause, "an incident is not written down");
    }
}

/// Adds what was done.
pub(super) async fn note(
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
pub(super) async fn tell(
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

/// Tells owners and admins by mail, of whom there are rarely more than a hundred.
pub(super) async fn notify(
    app: &App,
    conn: &mut Conn,
    id: WorkspaceId,
    incident: &Incident,
) -> Result<()> {
    let name = workspace::get(conn, id).await?.name;
    let page = PageRequest::first(100);
    for member in member::list(conn, id, &page).await?.rows {
        if !member.holds().contains(Permission::ManageMembers) {
            continue;
        }
        let letter = Letter::Incident {
            workspace: name.clone(),
            what: format!("{} ({})", incident.rule.title(), incident.subject),
            advice: incident.rule.advice().to_owned(),
        };
        let mail = Outgoing {
            id: mail::new_id(app),
            workspace: Some(id),
            to: member.email,
            about: incident.id.uuid(),
            letter,
        };
        mail::queue(app, conn, mail).await?;
    }
    Ok(())
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
