//! API keys as people manage them. Owners and admins make, rotate and take back keys whose role is not
//! above their own; a key of any role sees itself.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Permission, Role},
    event::EventType,
    ids::ApiKeyId,
    secret::Secret,
};
use posthaste_store::{
    Page, PageRequest, Tx, event,
    key::{self, ApiKey, Filter, Status},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Actor, App,
    idempotency::{self, Once},
    post::HORIZON,
    session::{self, KeyKind, NewKey},
};

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
    pub role: Role,
    /// When it ends, if ever.
    pub expires_at: Option<DateTime<Utc>>,
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

/// Makes a key. Its secret is returned this once; only a keyed hash is kept. With `once` the request may
/// have come this far in an earlier run: then the answer is the key that was made there.
pub async fn create(
    app: &App,
    actor: &Actor,
    wanted: Wanted,
    once: Option<&Once>,
) -> Result<(Secret, ApiKey), Vec<Error>> {
    let one = |error: Error| vec![error];
    actor.require(Permission::ManageKeys).map_err(one)?;
    if let Some(made) = made_before(app, actor, once).await.map_err(one)? {
        return Ok(made);
    }
    let mut errors = Vec::new();
    errors.extend(session::named(&wanted.name).err());
    errors.extend(check_role(actor, wanted.role).err());
    errors.extend(check_end(app, wanted.expires_at).err());
    if !errors.is_empty() {
        return Err(errors);
    }
    insert(app, actor, wanted, once).await.map_err(one)
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
    wanted: Wanted,
    once: Option<&Once>,
) -> Result<(Secret, ApiKey)> {
    let new = NewKey {
        id: once.map(Once::id),
        name: wanted.name,
        role: wanted.role,
        kind: KeyKind::of(app),
    };
    let by = actor.provenance.clone();
    let secret = secret(app, once)?;
    let (mut row, hash) = session::key_row(app, actor.workspace, new, &secret, by)?;
    row.expires_at = wanted.expires_at;
    let mut tx = app.db.begin().await?;
    key::insert(&mut tx, &row, &hash).await?;
    finish(app, actor, tx, EventType::ApiKeyCreated, &row).await?;
    Ok((secret, row))
}

fn check_role(actor: &Actor, role: Role) -> Result<()> {
    if role <= actor.role {
        return Ok(());
    }
    let message = format!(
        "A key of role {} may do more than you, whose role is {}.",
        role.as_str(),
        actor.role.as_str()
    );
    Err(Error::new(ErrorCode::Forbidden, message).at(["role"]))
}

fn check_end(app: &App, end: Option<DateTime<Utc>>) -> Result<()> {
    let (code, message) = match end {
        Some(end) if end <= app.now() => (ErrorCode::TimeInPast, "This time has passed."),
        Some(end) if end > app.now() + HORIZON => (
            ErrorCode::TimeTooFar,
            "This is more than five years ahead; leave it out for a key without an end.",
        ),
        _ => return Ok(()),
    };
    Err(Error::new(code, message).at(["expiresAt"]))
}

/// A key locked for a change. Nobody changes keys that may do more than they may.
async fn begin(app: &App, actor: &Actor, id: ApiKeyId) -> Result<(Tx, ApiKey)> {
    actor.require(Permission::ManageKeys)?;
    let mut tx = app.db.begin().await?;
    let row = key::lock(&mut tx, actor.workspace, id).await?;
    if row.role > actor.role {
        let message = format!(
            "Only an owner may change a key of role {}.",
            row.role.as_str()
        );
        return Err(Error::new(ErrorCode::Forbidden, message));
    }
    if row.status(app.now()) == Status::Revoked {
        let message = "The key was revoked; make a new one.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    Ok((tx, row))
}

async fn finish(app: &App, actor: &Actor, mut tx: Tx, kind: EventType, row: &ApiKey) -> Result<()> {
    let data = json!({
        "keyId": row.id, "name": row.name, "role": row.role, "expiresAt": row.expires_at,
    });
    let event = app.event(actor, kind, data);
    event::append(&mut tx, actor.workspace, &[event]).await?;
    tx.commit().await?;
    app.hints.events();
    Ok(())
}

/// Renames a key or changes when it ends.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: ApiKeyId,
    change: Change,
) -> Result<ApiKey, Vec<Error>> {
    let one = |error: Error| vec![error];
    let (mut tx, mut row) = begin(app, actor, id).await.map_err(one)?;
    let mut errors = Vec::new();
    match change.name.map(|name| session::named(&name)).transpose() {
        Ok(name) => row.name = name.unwrap_or(row.name),
        Err(error) => errors.push(error),
    }
    if let Some(end) = change.expires_at {
        errors.extend(check_end(app, end).err());
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
/// is said, at most a week); one from an earlier rotation ends now. With `once` an earlier run of the
/// request may have done it: then nothing is changed, and the answer is the same secret.
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
    let (mut tx, mut row) = begin(app, actor, id).await?;
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

/// Takes a key back: requests with it are refused from now on, and its open subscriptions end.
pub async fn revoke(app: &App, actor: &Actor, id: ApiKeyId) -> Result<ApiKey> {
    let (mut tx, mut row) = begin(app, actor, id).await?;
    row.revoked_at = Some(app.now());
    key::update(&mut tx, &row).await?;
    finish(app, actor, tx, EventType::ApiKeyRevoked, &row).await?;
    Ok(row)
}

/// The key of an actor, if it is one.
fn own(actor: &Actor) -> Option<ApiKeyId> {
    match actor.provenance {
        Provenance::Key { key } => Some(key),
        _ => None,
    }
}

/// Whether an actor may see a key: those who manage keys see all, a key sees itself.
fn sees(actor: &Actor, id: ApiKeyId) -> bool {
    actor.role.may(Permission::ManageKeys) || own(actor) == Some(id)
}

/// The key with an id, also when it was revoked.
pub async fn get(app: &App, actor: &Actor, id: ApiKeyId) -> Result<ApiKey> {
    actor.require(Permission::Read)?;
    if !sees(actor, id) {
        return Err(Error::not_found("API key"));
    }
    key::get(&mut *app.db.get().await?, actor.workspace, id).await
}

/// The keys with these ids that the actor may see, in no order.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[ApiKeyId]) -> Result<Vec<ApiKey>> {
    actor.require(Permission::Read)?;
    let seen: Vec<ApiKeyId> = ids.iter().copied().filter(|id| sees(actor, *id)).collect();
    key::by_ids(&mut *app.db.get().await?, actor.workspace, &seen).await
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
    let only = if actor.role.may(Permission::ManageKeys) {
        None
    } else {
        // A person without the right sees none: no key has this id.
        Some(own(actor).unwrap_or(ApiKeyId::from(Uuid::nil())))
    };
    Ok(Filter { only, statuses })
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
    if !actor.role.may(Permission::ManageKeys) || row.role > actor.role {
        return Vec::new();
    }
    match row.status(app.now()) {
        Status::Active => vec![Action::Update, Action::Rotate, Action::Revoke],
        Status::Expired => vec![Action::Update, Action::Revoke],
        Status::Revoked => Vec::new(),
    }
}
