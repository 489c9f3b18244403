use chrono::TimeDelta;
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Permission, PermissionSet, Reach, Role},
    ids::{ConnectionId, WorkspaceId},
};
use posthaste_store::{
    access,
    oauth::{self as rows, Code},
    workspace,
};

use super::{
    ask::{Request, answered, refused},
    refusal::{Reason, Refusal},
};
use crate::{
    Actor, App, idempotency, member,
    session::{self, browser, credential, keyed_hash},
};

/// How long a code is taken.
const LIFE: TimeDelta = TimeDelta::seconds(60);

/// What a person lets an app do.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Where.
    pub workspace: WorkspaceId,
    /// With which connections; all of them without.
    pub connections: Option<Vec<ConnectionId>>,
}

/// A workspace that a person can let an app into.
#[derive(Clone, Debug)]
pub struct Place {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// The person there.
    pub actor: Actor,
    /// What of the request the person may do.
    pub permissions: PermissionSet,
}

/// The workspaces that the person can let an app into, the one of the session first.
pub async fn places(app: &App, actor: &Actor, request: &Request) -> Result<Vec<Place>> {
    let app = &app.everywhere();
    let (user, session) = browser::present(app, actor).await?;
    let mut conn = app.db.get().await?;
    let mut places = Vec::new();
    for (id, _) in access::memberships(&mut conn, user.id).await? {
        let row = workspace::get(&mut conn, id).await?;
        let is_short = row.second_factor_required && !session.second_factor;
        let by = Provenance::Person { user: user.id };
        let there = session::present_in(app, &mut conn, id, &by).await?;
        let Some(there) = there.filter(|_| row.deleted_at.is_none() && !is_short) else {
            continue;
        };
        places.push(Place {
            workspace: id,
            name: row.name,
            permissions: request.permissions.both(there.rights.permissions()),
            actor: there,
        });
    }
    places.retain(|place| place.permissions.contains(Permission::Read));
    places.sort_by_key(|place| place.workspace != actor.workspace);
    Ok(places)
}

/// Lets an app do what it asked for, as far as the person may; where to tell it so. Only a signed-in person can.
pub async fn allow(app: &App, actor: &Actor, request: &Request, choice: Choice) -> Result<String> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    let places = places(app, actor, request).await?;
    let place = places
        .into_iter()
        .find(|place| place.workspace == choice.workspace);
    let place = place.ok_or_else(|| {
        let message = "You cannot let an app into this workspace.";
        Error::new(ErrorCode::Forbidden, message)
    })?;
    let mut tx = app.db.begin().await?;
    let chosen = choice.connections;
    let reach = member::limit(&mut tx, &place.actor, Role::Custom, chosen).await?;
    let permissions = if reach.is_whole() {
        place.permissions
    } else {
        place.permissions.both(Reach::PERMISSIONS)
    };
    let code = credential("phc_", idempotency::seed(app, None)?);
    let row = Code {
        workspace_id: place.workspace,
        app_id: request.app.id,
        user_id: user,
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        permissions,
        connection_ids: reach.ids(),
        expires_at: app.now() + LIFE,
        grant_id: None,
    };
    let hash = keyed_hash(&app.secret, code.expose())?;
    rows::insert_code(&mut tx, &hash, &row).await?;
    tx.commit().await?;
    let told = [("code", code.expose())];
    answered(app, &request.redirect_uri, request.state.as_deref(), &told)
}

/// Where to tell an app that the person said no.
pub fn deny(app: &App, request: &Request) -> Result<String> {
    let refusal = Refusal::new(Reason::AccessDenied, "The person did not agree.");
    refused(
        app,
        &request.redirect_uri,
        request.state.as_deref(),
        &refusal,
    )
}
