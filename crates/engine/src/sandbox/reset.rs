use posthaste_core::{Result, access::Permission, event::EventType};
use posthaste_store::{connection::Connection, content, event, lane};
use serde_json::{Value, json};

use super::{
    Control,
    account::{connections, in_charge, reconnect},
    sample,
};
use crate::{Actor, App, media};

/// What is put back to its beginning.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reset {
    /// Also the workspace's posts, media and events; connections, keys and people stay.
    pub workspace: bool,
}

/// Empties the walls of the simulated networks and takes all faults back; accounts that lost their
/// access get it again. The networks are one for all workspaces of the sandbox.
pub async fn reset(app: &App, actor: &Actor, what: Reset) -> Result<()> {
    actor.using(Permission::Write)?.require_whole()?;
    let control = Control::of(app)?;
    let _: Value = control.post("reset", json!({})).await?;
    if what.workspace {
        empty(app, actor).await?;
        sample::fill(app, &in_charge(actor)).await?;
    }
    reconnect(app, actor).await
}

/// Takes posts, media and events away. The log's numbers go on, so that cursors stay what they are.
async fn empty(app: &App, actor: &Actor) -> Result<()> {
    let rows = connections(app, actor).await?;
    let lanes: Vec<_> = rows.iter().map(|row: &Connection| row.id).collect();
    let mut tx = app.db.begin().await?;
    lane::lock(&mut tx, &lanes).await?;
    let media = content::remove_all(&mut tx, actor.workspace).await?;
    for id in &lanes {
        lane::unblock(&mut tx, *id).await?;
    }
    lane::refresh(&mut tx, &lanes).await?;
    let event = app.event(actor, EventType::SandboxReset, json!({}));
    event::append(&mut tx, actor.workspace, &[event]).await?;
    tx.commit().await?;
    app.hints.committed();
    for (row, recipes) in media {
        media::clear(app, &row, &recipes).await;
    }
    Ok(())
}
