//! Looking at scheduled targets a day and an hour ahead of their time.

use std::collections::BTreeMap;

use posthaste_core::{
    Result, event::EventType, ids::WorkspaceId, post::Problem, preflight::next_look,
};
use posthaste_store::{
    event::{self, NewEvent},
    preflight::{Look, due_looks, looked},
    target::Target,
    timeline::{self, NewStep},
};
use serde_json::json;

use super::show::examine;
use crate::{Actor, App, post::target_event};

/// How many targets are looked at in one transaction.
const BATCH: i64 = 50;
/// How many batches at a time: what is looked at must not keep from what else is to be swept.
const ROUNDS: usize = 20;

/// Looks at the targets whose look ahead is due, and tells each new risk once. Any number of workers may do
/// so at the same time. Returns how many targets were looked at.
pub async fn look_ahead(app: &App) -> Result<usize> {
    let mut count = 0;
    for _ in 0..ROUNDS {
        let looked = look_at_some(app).await?;
        count += looked;
        if looked < BATCH as usize {
            break;
        }
    }
    Ok(count)
}

async fn look_at_some(app: &App) -> Result<usize> {
    let mut tx = app.db.begin().await?;
    let due = due_looks(&mut tx, app.now(), BATCH).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let count = due.len();
    let mut by_workspace = BTreeMap::<WorkspaceId, Vec<Target>>::new();
    for row in due {
        by_workspace.entry(row.workspace_id).or_default().push(row);
    }
    let mut looks = Vec::new();
    // In the order of their ids, so that two workers never wait for each other in a circle.
    for (workspace, rows) in by_workspace {
        let found = examine(app, &workspace.into(), &mut tx, &rows).await?;
        let (mut events, mut steps) = (Vec::new(), Vec::new());
        for (row, problems) in rows.iter().zip(found) {
            let next = row.due_at.and_then(|due| next_look(due, app.now()));
            looks.push(Look {
                target: row.id,
                next,
                risks: risks(&problems),
            });
            let new = news(app, row, &problems);
            steps.extend(new.iter().map(|event| (row, step(event))));
            events.extend(new);
        }
        let steps: Vec<_> = steps
            .iter()
            .map(|(row, step)| (workspace, row.id, row.attempt, step))
            .collect();
        timeline::add_all(&mut tx, &steps).await?;
        event::append(&mut tx, workspace, &events).await?;
    }
    looked(&mut tx, &looks).await?;
    tx.commit().await?;
    app.hints.events();
    Ok(count)
}

/// A new risk as the target's timeline tells it.
fn step(event: &NewEvent) -> NewStep {
    let why = event.data["message"].as_str().unwrap_or_default();
    NewStep {
        at: event.at,
        kind: "AT_RISK",
        message: format!("Looked at ahead of its time: {why}"),
        detail: event.data.clone(),
    }
}

/// Whether a problem may keep the post from going out; what is only good to know has the status 200.
fn is_risk(problem: &Problem) -> bool {
    problem.code.http_status() != 200
}

/// The codes of what may keep a post from going out.
pub(super) fn risks(problems: &[Problem]) -> Vec<String> {
    let mut codes: Vec<_> = problems
        .iter()
        .filter(|problem| is_risk(problem))
        .map(|problem| problem.code.as_str().to_owned())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// One event for each risk that was not told before.
fn news(app: &App, row: &Target, problems: &[Problem]) -> Vec<NewEvent> {
    let mut told = row.risks.clone();
    let mut events = Vec::new();
    for problem in problems.iter().filter(|problem| is_risk(problem)) {
        let code = problem.code.as_str().to_owned();
        if told.contains(&code) {
            continue;
        }
        let data = json!({
            "network": row.network,
            "dueAt": row.due_at,
            "code": code,
            "severity": problem.severity,
            "message": problem.message,
            "advice": problem.code.advice(),
        });
        let actor = Actor::system(row.workspace_id);
        events.push(target_event(
            app,
            &actor,
            EventType::TargetAtRisk,
            row,
            data,
        ));
        told.push(code);
    }
    events
}
