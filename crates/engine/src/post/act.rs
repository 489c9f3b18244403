//! What people and programs do with a target, written into its timeline with their names.

use chrono::{DateTime, Utc};
use posthaste_core::{Result, target::State};
use posthaste_store::{
    Conn,
    target::Target,
    timeline::{self, NewStep},
};
use serde_json::{Value, json};

use crate::{Actor, App};

/// A step that somebody takes; the author stands in its detail, as the event log writes it.
pub(crate) fn act(
    app: &App,
    actor: &Actor,
    kind: &'static str,
    message: impl Into<String>,
    mut detail: Value,
) -> NewStep {
    detail["author"] = json!(actor.provenance);
    NewStep {
        at: app.now(),
        kind,
        message: message.into(),
        detail,
    }
}

/// The first step of a new target.
pub(super) fn first(app: &App, actor: &Actor, row: &Target) -> NewStep {
    if row.state == State::Scheduled {
        return given_time(app, actor, row, None);
    }
    act(app, actor, "WRITTEN", "Written as a draft.", json!({}))
}

/// The step of a target that got a time, `before` being the one it had on the schedule.
pub(super) fn given_time(
    app: &App,
    actor: &Actor,
    row: &Target,
    before: Option<DateTime<Utc>>,
) -> NewStep {
    let time = time(row, app.now());
    let detail = json!({ "dueAt": row.due_at, "dueBefore": before });
    match before {
        Some(before) if row.due_at != Some(before) => {
            let before = before.format("%Y-%m-%d %H:%M:%S UTC");
            let message = format!("Moved from {before} to {time}.");
            act(app, actor, "MOVED", message, detail)
        }
        _ => act(
            app,
            actor,
            "SCHEDULED",
            format!("Scheduled for {time}."),
            detail,
        ),
    }
}

/// Writes one step of each target.
pub(super) async fn note_all(conn: &mut Conn, steps: &[(&Target, NewStep)]) -> Result<()> {
    let steps: Vec<_> = steps
        .iter()
        .map(|(row, step)| (row.workspace_id, row.id, row.attempt, step))
        .collect();
    timeline::add_all(conn, &steps).await
}

fn time(row: &Target, now: DateTime<Utc>) -> String {
    match (row.due_at, row.local_time, &row.time_zone) {
        (Some(due), _, _) if due <= now => "now".to_owned(),
        (Some(due), Some(local), Some(zone)) => {
            let (local, due) = (local.format("%Y-%m-%d %H:%M"), due.format("%Y-%m-%d %H:%M"));
            format!("{local} in {zone} ({due} UTC)")
        }
        (Some(due), _, _) => due.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        (None, _, _) => "no time".to_owned(),
    }
}
