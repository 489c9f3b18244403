use posthaste_core::{
    Error, ErrorCode, Result,
    access::{Permission, PermissionSet},
    event::EventType,
    ids::OauthAppId,
    oauth::{GRANTABLE, check_redirect},
    secret::Secret,
};
use posthaste_store::{
    Json, Page, PageRequest,
    event::NewEvent,
    oauth::{self as rows, OauthApp},
};
use serde_json::json;

use super::{Key, grant};
use crate::{
    Actor, App,
    change::{self, finish},
    idempotency::{self, Once},
    session::{credential, keyed_hash, named},
};

/// Most redirect addresses of an app.
const ADDRESSES: usize = 20;

/// An app to be registered.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Name.
    pub name: String,
    /// Where it may be answered.
    pub redirect_uris: Vec<String>,
    /// The most that it may ask for.
    pub permissions: PermissionSet,
    /// Whether it can keep a secret.
    pub is_confidential: bool,
}

/// What may be changed; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name.
    pub name: Option<String>,
    /// Where it may be answered.
    pub redirect_uris: Option<Vec<String>>,
    /// The most that it may ask for.
    pub permissions: Option<PermissionSet>,
}

/// Registers an app; a person has shown lately who they are. The secret, of one that can keep one, is returned this
/// once. With `once` the request may have come this far in an earlier run: then the answer is the app that was made there.
pub async fn create(
    app: &App,
    actor: &Actor,
    wanted: Wanted,
    once: Option<&Once>,
) -> Result<(Option<Secret>, OauthApp), Vec<Error>> {
    let one = |error: Error| vec![error];
    actor.require(Permission::ManageKeys).map_err(one)?;
    actor.require_fresh(app.now()).map_err(one)?;
    if let Some(made) = made_before(app, actor, once).await.map_err(one)? {
        return Ok(made);
    }
    let secret = wanted.is_confidential.then(|| secret(app, once));
    let secret = secret.transpose().map_err(one)?;
    let hash = secret
        .as_ref()
        .map(|it| keyed_hash(&app.secret, it.expose()));
    let now = app.now();
    let mut row = OauthApp {
        id: once.map_or_else(|| OauthAppId::new(&*app.clock, &*app.random), Once::id),
        workspace_id: actor.workspace,
        name: String::new(),
        redirect_uris: Vec::new(),
        permissions: PermissionSet::EMPTY,
        secret_hash: hash.transpose().map_err(one)?,
        version: 1,
        provenance: Json(actor.provenance.clone()),
        created_at: now,
        updated_at: now,
    };
    let change = Change {
        name: Some(wanted.name),
        redirect_uris: Some(wanted.redirect_uris),
        permissions: Some(wanted.permissions),
    };
    apply(&mut row, change)?;
    let written = async {
        let (mut tx, actor) = change::begin(app, actor, Permission::ManageKeys).await?;
        actor.require_whole()?;
        rows::insert_app(&mut tx, &row).await?;
        let event = happened(app, &actor, EventType::OauthAppCreated, &row);
        finish(app, &actor, tx, &[event]).await
    };
    written.await.map_err(one)?;
    Ok((secret, row))
}

fn secret(app: &App, once: Option<&Once>) -> Result<Secret> {
    Ok(credential("phx_", idempotency::seed(app, once)?))
}

/// What an earlier run of the request made.
async fn made_before(
    app: &App,
    actor: &Actor,
    once: Option<&Once>,
) -> Result<Option<(Option<Secret>, OauthApp)>> {
    let Some(once) = once.filter(|once| once.is_repeat()) else {
        return Ok(None);
    };
    let mut conn = app.db.get().await?;
    let found = rows::app(&mut conn, actor.workspace, once.id()).await.ok();
    let Some(row) = found.filter(|row| once.made(actor, &row.provenance, row.created_at)) else {
        return Ok(None);
    };
    let secret = row.is_confidential().then(|| secret(app, Some(once)));
    Ok(Some((secret.transpose()?, row)))
}

/// Applies a change; all that is wrong with it otherwise.
fn apply(row: &mut OauthApp, change: Change) -> Result<(), Vec<Error>> {
    let mut errors = Vec::new();
    match change.name.map(|name| named(&name)).transpose() {
        Ok(name) => row.name = name.unwrap_or_else(|| std::mem::take(&mut row.name)),
        Err(error) => errors.push(error),
    }
    if let Some(addresses) = change.redirect_uris {
        errors.extend(wrong(&addresses, row.is_confidential()));
        row.redirect_uris = addresses;
    }
    if let Some(permissions) = change.permissions {
        errors.extend(check(permissions).err());
        row.permissions = permissions;
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn wrong(addresses: &[String], is_confidential: bool) -> Vec<Error> {
    let path = "redirectUris";
    if !(1..=ADDRESSES).contains(&addresses.len()) {
        let message = format!("An app has 1 to {ADDRESSES} redirect addresses.");
        return vec![Error::new(ErrorCode::InvalidInput, message).at([path])];
    }
    let each = addresses.iter().enumerate();
    each.filter_map(|(position, address)| {
        let error = check_redirect(address, is_confidential).err()?;
        Some(error.at([path.to_owned(), position.to_string()]))
    })
    .collect()
}

fn check(permissions: PermissionSet) -> Result<()> {
    let message = if !permissions.contains(Permission::Read) {
        "An app reads at least: name READ, too."
    } else if !GRANTABLE.covers(permissions) {
        "Nobody can let an app make keys, or hand over or delete the workspace."
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorCode::InvalidInput, message).at(["permissions"]))
}

fn happened(app: &App, actor: &Actor, kind: EventType, row: &OauthApp) -> NewEvent {
    let data = json!({
        "appId": row.id, "name": row.name, "redirectUris": row.redirect_uris,
        "permissions": row.permissions.names(), "isConfidential": row.is_confidential(),
    });
    app.event(actor, kind, data)
}

/// Changes an app; `VERSION_CONFLICT` when somebody else did so since it was read. What people agreed to stays as it
/// is: an app that may ask for less asks for less from now on.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: OauthAppId,
    version: i32,
    change: Change,
) -> Result<OauthApp, Vec<Error>> {
    let one = |error: Error| vec![error];
    let begun = change::begin(app, actor, Permission::ManageKeys).await;
    let (mut tx, actor) = begun.map_err(one)?;
    let found = rows::lock_app(&mut tx, actor.workspace, id).await;
    let mut row = found.map_err(|error| one(error.at(["id"])))?;
    if row.version != version {
        let code = ErrorCode::VersionConflict;
        let error = Error::new(code, code.title()).about_version(id, row.version);
        return Err(one(error.at(["version"])));
    }
    // Where codes go to is as good as a secret.
    if change.redirect_uris.is_some() {
        actor.require_fresh(app.now()).map_err(one)?;
    }
    apply(&mut row, change)?;
    (row.version, row.updated_at) = (row.version + 1, app.now());
    let written = async {
        rows::update_app(&mut tx, &row).await?;
        let event = happened(app, &actor, EventType::OauthAppUpdated, &row);
        finish(app, &actor, tx, &[event]).await
    };
    written.await.map_err(one)?;
    Ok(row)
}

/// Gives an app that can keep one another secret, returned this once; the one before is worth nothing any more.
pub async fn rotate(
    app: &App,
    actor: &Actor,
    id: OauthAppId,
    once: Option<&Once>,
) -> Result<(Secret, OauthApp)> {
    actor.require(Permission::ManageKeys)?;
    actor.require_fresh(app.now())?;
    let (mut tx, actor) = change::begin(app, actor, Permission::ManageKeys).await?;
    let found = rows::lock_app(&mut tx, actor.workspace, id).await;
    let mut row = found.map_err(|error| error.at(["id"]))?;
    if !row.is_confidential() {
        let message = "The app keeps no secret; it was registered as a public one.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let secret = secret(app, once)?;
    let hash = Some(keyed_hash(&app.secret, secret.expose())?);
    if once.is_some_and(Once::is_repeat) && row.secret_hash == hash {
        return Ok((secret, row));
    }
    row.secret_hash = hash;
    (row.version, row.updated_at) = (row.version + 1, app.now());
    rows::set_secret(&mut tx, &row).await?;
    let event = happened(app, &actor, EventType::OauthAppSecretRotated, &row);
    finish(app, &actor, tx, &[event]).await?;
    Ok((secret, row))
}

/// Removes an app. What people let it do ends with it, in all workspaces.
pub async fn delete(app: &App, actor: &Actor, id: OauthAppId) -> Result<OauthAppId> {
    // People of other workspaces use it, too.
    let app = &app.everywhere();
    let (mut tx, actor) = change::begin(app, actor, Permission::ManageKeys).await?;
    let found = rows::lock_app(&mut tx, actor.workspace, id).await;
    let row = found.map_err(|error| error.at(["id"]))?;
    grant::end_all(app, &mut tx, id).await?;
    rows::delete_app(&mut tx, actor.workspace, id).await?;
    let event = happened(app, &actor, EventType::OauthAppDeleted, &row);
    finish(app, &actor, tx, &[event]).await?;
    Ok(id)
}

/// The workspace's app with an id, for those who manage keys.
pub async fn get(app: &App, actor: &Actor, id: OauthAppId) -> Result<OauthApp> {
    actor.require(Permission::ManageKeys)?;
    rows::app(&mut *app.db.get().await?, actor.workspace, id).await
}

/// A page of the workspace's apps in the order in which they were registered, for those who manage keys.
pub async fn list(app: &App, actor: &Actor, page: &PageRequest<Key>) -> Result<Page<OauthApp>> {
    actor.require(Permission::ManageKeys)?;
    rows::list_apps(&mut *app.db.get().await?, actor.workspace, page).await
}

/// How many apps the workspace has.
pub async fn count(app: &App, actor: &Actor) -> Result<i64> {
    actor.require(Permission::ManageKeys)?;
    rows::count_apps(&mut *app.db.get().await?, actor.workspace).await
}

/// How many people let an app of the workspace work for them, in all workspaces.
pub async fn users(app: &App, actor: &Actor, row: &OauthApp) -> Result<i64> {
    actor.require(Permission::ManageKeys)?;
    let mut conn = app.everywhere().db.get().await?;
    let counts = rows::count_of_apps(&mut conn, &[row.id], app.now()).await?;
    Ok(counts.first().map_or(0, |(_, count)| *count))
}
