//! API keys as people manage them. Whoever manages keys makes, rotates and takes back those that may not
//! do more than they may; a person sees and takes back their own, and a key itself. A person's key never does
//! more than the person may at that moment; a service account is the workspace's and outlives whoever made it.

mod revoke;
mod rights;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Permission, PermissionSet},
    event::EventType,
    ids::{ApiKeyId, ConnectionId, UserId},
    secret::Secret,
};
use posthaste_store::{
    Page, PageRequest, Tx,
    event::NewEvent,
    key::{self, ApiKey, Filter, Status},
};
use serde_json::json;
use uuid::Uuid;

pub use revoke::revoke;
pub(crate) use revoke::revoke_of_person;
pub use rights::{Owner, Rights, connections, owner};

use crate::{
    Actor, App, change,
    idempotency::{self, Once},
    member,
    session::{self, KeyKind, NewKey},
};
use rights::{check_before, check_end, check_rights, check_whose, choose_owner, maker, own};

/// How long the secret before a rotation works when nothing is said.
pub const GRACE: TimeDelta = TimeDelta::days(1);

/// The longest time that it may work.
const LONGEST_GRACE: TimeDelta = TimeDelta::days(7);

/// A key to be made.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Name.
    pub name: String,
    /// What it may do; not more than who makes it.
    pub rights: Rights,
    /// When it ends, if ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// The connections that it is limited to; all without.
    pub connections: Option<Vec<ConnectionId>>,
    /// Whose it is; when nothing is said a person's key is the person's, and a key's key whose that one is.
    pub owner: Option<Owner>,
}

/// What a person may change; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The name.
    pub name: Option<String>,
    /// When it ends; the inner `None` means never.
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// The position of a key in its list: when it was made, and its id.
pub type Key = (DateTime<Utc>, Uuid);

/// Makes a key; a person has shown lately who they are. Its secret is returned this once; only a keyed hash is kept. With `once` the request may
/// have come this far in an earlier run: then the answer is the key that was made there.
pub async fn create(
    app: &App,
    actor: &Actor,
    wanted: Wanted,
    once: Option<&Once>,
) -> Result<(Secret, ApiKey), Vec<Error>> {
    let one = |error: Error| vec![error];
    actor.require(Permission::ManageKeys).map_err(one)?;
    actor.require_fresh(app.now()).map_err(one)?;
    if let Some(made) = made_before(app, actor, once).await.map_err(one)? {
        return Ok(made);
    }
    let begun = change::begin(app, actor, Permission::ManageKeys).await;
    let (mut tx, actor) = begun.map_err(one)?;
    let actor = &actor;
    let maker = maker(&mut tx, actor).await.map_err(one)?;
    let owner = choose_owner(actor, maker.as_ref(), wanted.owner);
    let mut errors = Vec::new();
    errors.extend(session::named(&wanted.name).err());
    errors.extend(check_rights(actor, wanted.rights).err());
    errors.extend(check_end(app, wanted.expires_at).err());
    errors.extend(before(maker.as_ref(), wanted.expires_at).err());
    match owner {
        Ok(user) if errors.is_empty() => {
            let made = insert(app, actor, tx, wanted, user, once).await;
            made.map_err(one)
        }
        owner => {
            errors.extend(owner.err());
            Err(errors)
        }
    }
}

/// What an earlier run of the request made.
async fn made_before(
    app: &App,
    actor: &Actor,
    once: Option<&Once>,
) -> Result<Option<(Secret, ApiKey)>> {
    let Some(once) = once.filter(|once| once.is_repeat()) else {
        return Ok(None);
    };
    let mut conn = app.db.get().await?;
    let found = key::by_ids(&mut conn, actor.workspace, &[once.id()]).await?;
    let is_ours = |row: &ApiKey| {
        let by = row.provenance.as_ref();
        by.is_some_and(|by| once.made(actor, by, row.created_at))
    };
    let made = found.into_iter().find(is_ours);
    made.map(|row| Ok((secret(app, Some(once))?, row)))
        .transpose()
}

fn secret(app: &App, once: Option<&Once>) -> Result<Secret> {
    let prefix = KeyKind::of(app).prefix();
    Ok(session::credential(prefix, idempotency::seed(app, once)?))
}

async fn insert(
    app: &App,
    actor: &Actor,
    mut tx: Tx,
    wanted: Wanted,
    user: Option<UserId>,
    once: Option<&Once>,
) -> Result<(Secret, ApiKey)> {
    let new = NewKey {
        id: once.map(Once::id),
        name: wanted.name,
        role: wanted.rights.role(),
        kind: KeyKind::of(app),
    };
    let by = actor.provenance.clone();
    let secret = secret(app, once)?;
    let (mut row, hash) = session::key_row(app, actor.workspace, new, &secret, by)?;
    row.expires_at = wanted.expires_at;
    row.user_id = user.map(UserId::uuid);
    row.own = wanted.rights.own().map(PermissionSet::names);
    let role = wanted.rights.role();
    let reach = member::limit(&mut tx, actor, role, wanted.connections).await?;
    row.connection_ids = reach.ids();
    key::insert(&mut tx, &row, &hash).await?;
    finish(app, actor, tx, EventType::ApiKeyCreated, &row).await?;
    Ok((secret, row))
}

/// A key locked for a change behind the workspace. Nobody changes keys that may do more than they may.
async fn open(app: &App, actor: &Actor, id: ApiKeyId) -> Result<(Tx, Actor, ApiKey)> {
    let (mut tx, actor) = change::begin(app, actor, Permission::ManageKeys).await?;
    let row = key::lock(&mut tx, actor.workspace, id).await?;
    actor.require_all(row.permissions())?;
    refuse_revoked(app, &row)?;
    Ok((tx, actor, row))
}

fn refuse_revoked(app: &App, row: &ApiKey) -> Result<()> {
    if row.status(app.now()) != Status::Revoked {
        return Ok(());
    }
    let message = "The key was revoked; make a new one.";
    Err(Error::new(ErrorCode::InvalidState, message))
}

/// An event about a key.
fn happened(app: &App, actor: &Actor, kind: EventType, row: &ApiKey) -> NewEvent {
    let data = json!({
        "keyId": row.id, "name": row.name, "role": row.role, "permissions": row.permissions().names(),
        "expiresAt": row.expires_at, "userId": row.user_id.map(UserId::from), "connectionIds": connections(row),
    });
    app.event(actor, kind, data)
}

async fn finish(app: &App, actor: &Actor, tx: Tx, kind: EventType, row: &ApiKey) -> Result<()> {
    let event = happened(app, actor, kind, row);
    change::finish(app, actor, tx, &[event]).await
}

/// [`check_before`] of the end that was wanted.
fn before(maker: Option<&ApiKey>, end: Option<DateTime<Utc>>) -> Result<()> {
    check_before(maker, end).map_err(|error| error.at(["expiresAt"]))
}

/// Whether a key that ends at one time works longer than with another; none is never.
fn is_later(end: Option<DateTime<Utc>>, other: Option<DateTime<Utc>>) -> bool {
    other.is_some_and(|other| end.is_none_or(|end| end > other))
}

/// Renames a key or changes when it ends; what makes it work longer takes what [`rotate`] takes.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: ApiKeyId,
    change: Change,
) -> Result<ApiKey, Vec<Error>> {
    let one = |error: Error| vec![error];
    let (mut tx, actor, mut row) = open(app, actor, id).await.map_err(one)?;
    let actor = &actor;
    let maker = maker(&mut tx, actor).await.map_err(one)?;
    let maker = maker.as_ref();
    let mut errors = Vec::new();
    match change.name.map(|name| session::named(&name)).transpose() {
        Ok(name) => row.name = name.unwrap_or(row.name),
        Err(error) => errors.push(error),
    }
    if let Some(end) = change.expires_at {
        errors.extend(check_end(app, end).err());
        errors.extend(before(maker, end).err());
        if is_later(end, row.expires_at) {
            errors.extend(check_whose(actor, maker, &row).err());
        }
        row.expires_at = end;
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    key::update(&mut tx, &row).await.map_err(one)?;
    finish(app, actor, tx, EventType::ApiKeyUpdated, &row)
        .await
        .map_err(one)?;
    Ok(row)
}

/// Gives a key a new secret, returned this once. The one before works for `grace` (a day when nothing
/// is said, at most a week); one from an earlier rotation ends now. It takes whose the key is: a person for the
/// own ones, who has shown so lately, `MANAGE_MEMBERS` or another service account for a service account. With `once` an earlier run
/// of the request may have done it: then nothing is changed, and the answer is the same secret.
pub async fn rotate(
    app: &App,
    actor: &Actor,
    id: ApiKeyId,
    grace: Option<TimeDelta>,
    once: Option<&Once>,
) -> Result<(Secret, ApiKey)> {
    let grace = grace.unwrap_or(GRACE);
    if !(TimeDelta::zero()..=LONGEST_GRACE).contains(&grace) {
        let message = "The secret before may work for 0 to 168 hours.";
        return Err(Error::new(ErrorCode::InvalidInput, message).at(["graceHours"]));
    }
    actor.require(Permission::ManageKeys)?;
    actor.require_fresh(app.now())?;
    let (mut tx, actor, mut row) = open(app, actor, id).await?;
    let actor = &actor;
    let maker = maker(&mut tx, actor).await?;
    check_whose(actor, maker.as_ref(), &row)?;
    check_before(maker.as_ref(), row.expires_at)?;
    if row.status(app.now()) == Status::Expired {
        let message = "The key has expired; give it another end first.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let secret = secret(app, once)?;
    let hash = session::keyed_hash(&app.secret, secret.expose())?;
    if once.is_some_and(Once::is_repeat) && key::has(&mut tx, id, &hash).await? {
        return Ok((secret, row));
    }
    row.prefix = Some(session::shown_prefix(&secret));
    row.old_expires_at = Some(app.now() + grace);
    key::rotate(&mut tx, &row, &hash).await?;
    finish(app, actor, tx, EventType::ApiKeyRotated, &row).await?;
    Ok((secret, row))
}

/// Whether a key is the actor itself, or the person's who it is.
fn is_own(actor: &Actor, row: &ApiKey) -> bool {
    match actor.provenance {
        Provenance::Key { key } => row.id == key,
        Provenance::Person { user } => row.user_id == Some(user.uuid()),
        Provenance::App { .. } | Provenance::System => false,
    }
}

/// Whether an actor may see a key: those who manage keys see all, others their own.
fn sees(actor: &Actor, row: &ApiKey) -> bool {
    actor.may(Permission::ManageKeys) || is_own(actor, row)
}

/// The key with an id, also when it was revoked.
pub async fn get(app: &App, actor: &Actor, id: ApiKeyId) -> Result<ApiKey> {
    let mut found = by_ids(app, actor, &[id]).await?;
    found.pop().ok_or_else(|| Error::not_found("API key"))
}

/// The keys with these ids that the actor may see, in no order.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[ApiKeyId]) -> Result<Vec<ApiKey>> {
    actor.require(Permission::Read)?;
    let mut found = key::by_ids(&mut *app.db.get().await?, actor.workspace, ids).await?;
    found.retain(|row| sees(actor, row));
    Ok(found)
}

/// A page of the keys that the actor may see, in the order in which they were made.
pub async fn list(
    app: &App,
    actor: &Actor,
    statuses: Option<Vec<Status>>,
    page: &PageRequest<Key>,
) -> Result<Page<ApiKey>> {
    let filter = seen(actor, statuses)?;
    key::list(
        &mut *app.db.get().await?,
        actor.workspace,
        &filter,
        page,
        app.now(),
    )
    .await
}

/// How many keys the list has.
pub async fn count(app: &App, actor: &Actor, statuses: Option<Vec<Status>>) -> Result<i64> {
    let filter = seen(actor, statuses)?;
    key::count(
        &mut *app.db.get().await?,
        actor.workspace,
        &filter,
        app.now(),
    )
    .await
}

fn seen(actor: &Actor, statuses: Option<Vec<Status>>) -> Result<Filter> {
    actor.require(Permission::Read)?;
    let mut filter = Filter {
        statuses,
        ..Filter::default()
    };
    if !actor.may(Permission::ManageKeys) {
        match actor.provenance {
            Provenance::Key { key } => filter.only = Some(key),
            Provenance::Person { user } => filter.user = Some(user),
            // It has none of its own.
            Provenance::App { .. } => filter.statuses = Some(Vec::new()),
            Provenance::System => {}
        }
    }
    Ok(filter)
}

/// Something a person can do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Rename it, or change when it ends.
    Update,
    /// Give it a new secret.
    Rotate,
    /// Take it back.
    Revoke,
}

/// What `actor` may do with a key now.
pub fn allowed_actions(app: &App, actor: &Actor, row: &ApiKey) -> Vec<Action> {
    let status = row.status(app.now());
    let manages =
        actor.may(Permission::ManageKeys) && actor.rights.everywhere().covers(row.permissions());
    if !manages {
        let revokes = is_own(actor, row) && status != Status::Revoked;
        return revokes.then_some(Action::Revoke).into_iter().collect();
    }
    // Whose the key of a request is takes a query: such a one is told of more than it may.
    let may_renew = own(actor).is_some() || check_whose(actor, None, row).is_ok();
    match status {
        Status::Active if may_renew => vec![Action::Update, Action::Rotate, Action::Revoke],
        Status::Active | Status::Expired => vec![Action::Update, Action::Revoke],
        Status::Revoked => Vec::new(),
    }
}
