//! What is done ahead of time: tokens are refreshed, and people are asked for a new consent.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use posthaste_core::{
    Result,
    event::EventType,
    ids::{ConnectionId, WorkspaceId},
    token::ASK_AHEAD,
};
use posthaste_store::{
    connection::{self, Ending},
    event::{self, NewEvent},
};
use serde_json::json;

use super::refresh::{AT_ONCE, refresh};
use crate::{Actor, App};

/// Connections in one pass.
const BATCH: i64 = 50;

/// Refreshes the tokens whose time has come, oldest first; one pass. Returns how many it looked at.
pub async fn refresh_due(app: &App) -> Result<usize> {
    let due = connection::due_for_refresh(&mut *app.db.get().await?, app.now(), BATCH).await?;
    let count = due.len();
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |(workspace, id)| async move {
            if let Err(error) = refresh_ahead(app, workspace, id).await {
                tracing::warn!(connection = %id, %error, "a token was not refreshed ahead of time");
            }
        })
        .await;
    Ok(count)
}

async fn refresh_ahead(app: &App, workspace: WorkspaceId, id: ConnectionId) -> Result<()> {
    let row = connection::get(&mut *app.db.get().await?, workspace, id).await?;
    refresh(app, &row, "70 % of the token's life are over").await?;
    Ok(())
}

/// Asks for a new consent where access ends within two weeks, once for each end; one pass. Any number of
/// workers may do so at the same time. Returns how many accounts it asked for.
pub async fn ask_in_time(app: &App) -> Result<usize> {
    let mut tx = app.db.begin().await?;
    let ending = connection::ask_for_consent(&mut tx, app.now() + ASK_AHEAD, BATCH).await?;
    if ending.is_empty() {
        return Ok(0);
    }
    let count = ending.len();
    let mut by_workspace = BTreeMap::<WorkspaceId, Vec<NewEvent>>::new();
    for row in ending {
        by_workspace
            .entry(row.workspace_id())
            .or_default()
            .push(due(app, &row));
    }
    // In the order of their ids, so that two workers never wait for each other in a circle.
    for (workspace, events) in by_workspace {
        event::append(&mut tx, workspace, &events).await?;
    }
    tx.commit().await?;
    app.hints.events();
    Ok(count)
}

fn due(app: &App, row: &Ending) -> NewEvent {
    let data = json!({
        "network": row.network,
        "name": row.name,
        "reauthorizeBy": row.reauthorize_by,
        "scheduledAfter": row.scheduled_after,
    });
    let actor = Actor::system(row.workspace_id());
    let mut event = app.event(&actor, EventType::ConnectionReauthorizationDue, data);
    event.connection = Some(row.id());
    event
}
