//! Changes of who may do what. A workspace has one at a time, and it is judged by what its author may do at that
//! moment, not by what they could do when the request began.

use posthaste_core::{Result, access::Permission};
use posthaste_store::{
    Tx,
    event::{self, NewEvent},
    standing, workspace,
};

use crate::{Actor, App, session};

/// Holds the workspace until the transaction ends, and says what the actor may do now. `UNAUTHENTICATED` for
/// who is no longer a member and for a key that has ended, `FORBIDDEN` without the permission.
pub(crate) async fn begin(app: &App, actor: &Actor, needs: Permission) -> Result<(Tx, Actor)> {
    // Whoever may not anyway makes nobody wait.
    actor.require(needs)?;
    let mut tx = app.db.begin().await?;
    workspace::hold(&mut tx, actor.workspace).await?;
    let standing = standing::of(&mut tx, actor.workspace, &actor.provenance, app.now()).await?;
    let actor = actor.with(standing.ok_or_else(session::unauthenticated)?);
    actor.require(needs)?;
    Ok((tx, actor))
}

/// Writes the events of a change, and ends its transaction.
pub(crate) async fn finish(
    app: &App,
    actor: &Actor,
    mut tx: Tx,
    events: &[NewEvent],
) -> Result<()> {
    event::append(&mut tx, actor.workspace, events).await?;
    tx.commit().await?;
    app.hints.events();
    Ok(())
}
