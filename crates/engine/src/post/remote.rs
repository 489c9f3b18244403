use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    connector::{Failure, FailureClass},
    event::EventType,
    ids::TargetId,
    target::State,
};
use posthaste_store::{connection, lane, target, timeline};
use serde_json::json;

use super::{
    Changed, Trial,
    act::act,
    settle::wrong_state,
    write::{finish, target_event},
};
use crate::{Actor, App, tokens};

/// Deletes a live post on its network. Deleting what is gone already is a success.
pub async fn delete_remote(app: &App, actor: &Actor, id: TargetId) -> Result<Changed> {
    let actor = &actor.using(Permission::Publish)?;
    let mut conn = app.db.get().await?;
    let row = target::get(&mut conn, actor, id).await?;
    let account = connection::get(&mut conn, actor, row.connection_id).await?;
    drop(conn);
    if row.state != State::Published {
        return Err(wrong_state(&row, "deleted on the network"));
    }
    let remote_id = row.remote_id.clone().ok_or_else(|| {
        let message =
            "The network's id of this post is not known; delete it on the network yourself.";
        Error::new(ErrorCode::InvalidState, message)
    })?;
    let ctx = app.network_ctx(account.network)?;
    if app.is_dry_run() {
        tokens::session_of(app, &account).await?;
    } else {
        let session = tokens::session(app, &account).await?;
        app.connector(account.network)
            .delete(&ctx, &session, &remote_id)
            .await
            .map_err(refusal)?;
    }

    let mut tx = app.db.begin().await?;
    lane::lock(&mut tx, &[row.connection_id]).await?;
    let mut row = target::get(&mut tx, actor, id).await?;
    row.state = State::DeletedRemote;
    row.updated_at = app.now();
    target::update(&mut tx, &mut row, State::Published).await?;
    let message = format!("Deleted on {}.", row.network);
    let step = act(app, actor, "DELETED", message, json!({}));
    timeline::add_steps(&mut tx, row.workspace_id, row.id, row.attempt, &[step]).await?;
    let event = target_event(app, actor, EventType::TargetDeleted, &row, json!({}));
    finish(app, actor, tx, std::slice::from_ref(&row), vec![event]).await?;
    let trial = app.is_dry_run().then(|| Trial::away(vec![row.clone()]));
    Ok(Changed {
        target: row,
        warnings: Vec::new(),
        trial,
    })
}

fn refusal(failure: Failure) -> Error {
    let error = Error::new(failure.code(), failure.message);
    match failure.class {
        FailureClass::RateLimited { .. } => error.retry_after(60),
        _ => error,
    }
}
