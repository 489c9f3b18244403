use std::collections::BTreeSet;

use chrono::TimeDelta;
use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    event::EventType,
    ids::{WebhookDeliveryId, WebhookEndpointId},
    secret::Secret,
    webhook::check_url,
};
use posthaste_store::{
    Json, Tx,
    event::{self, NewEvent},
    webhook::{
        Delivery, Endpoint, delivery,
        endpoint::{self, Reason, Status},
        work,
    },
};
use serde_json::json;
use url::Url;

use super::{may_pause, secret};
use crate::{Actor, App, event::check_reached, idempotency::Once};

/// Most endpoints of a workspace.
const MOST: i64 = 50;

/// How long the old secret signs too after a rotation.
const BOTH_SIGN: TimeDelta = TimeDelta::hours(24);

/// Longest description in characters, and longest payload document in bytes.
const DESCRIPTION: usize = 200;
const DOCUMENT: usize = 8 * 1024;

/// An endpoint to be added.
#[derive(Clone, Debug, Default)]
pub struct NewEndpoint {
    /// A chosen id; otherwise a new one.
    pub id: Option<WebhookEndpointId>,
    /// Where to send.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// Only these types of events; all when empty.
    pub event_types: Vec<EventType>,
    /// The payload document; the default one without.
    pub document: Option<String>,
}

/// What a person may change; what is left out stays, an inner `None` takes away.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Where to send.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Only these types of events; all when empty.
    pub event_types: Option<Vec<EventType>>,
    /// The payload document.
    pub document: Option<Option<String>>,
}

/// Adds an endpoint for what happens from now on, and returns its secret this once. With `once` the
/// request may have come this far in an earlier run: then the answer is the endpoint that was added there.
pub async fn create(
    app: &App,
    actor: &Actor,
    mut new: NewEndpoint,
    once: Option<&Once>,
) -> Result<(Endpoint, Secret), Vec<Error>> {
    let one = |error| vec![error];
    actor.require(Permission::ManageWebhooks).map_err(one)?;
    let secret = secret::new(app, once).map_err(one)?;
    if let Some(once) = once {
        let id = *new.id.get_or_insert_with(|| once.id());
        if let Some(row) = made_before(app, actor, id, once).await.map_err(one)? {
            return Ok((row, secret));
        }
    }
    let row = draft(app, actor, new).await?;
    let row = insert(app, actor, row, &secret).await.map_err(one)?;
    Ok((row, secret))
}

async fn made_before(
    app: &App,
    actor: &Actor,
    id: WebhookEndpointId,
    once: &Once,
) -> Result<Option<Endpoint>> {
    if !once.is_repeat() {
        return Ok(None);
    }
    let found = endpoint::by_ids(&mut *app.db.get().await?, actor.workspace, &[id]).await?;
    let is_ours = |row: &Endpoint| once.made(actor, &row.author, row.created_at);
    Ok(found.into_iter().find(is_ours))
}

/// What [`create`] would refuse before it writes.
pub async fn violations(app: &App, actor: &Actor, new: NewEndpoint) -> Vec<Error> {
    draft(app, actor, new).await.err().unwrap_or_default()
}

async fn draft(app: &App, actor: &Actor, new: NewEndpoint) -> Result<Endpoint, Vec<Error>> {
    actor
        .require(Permission::ManageWebhooks)
        .map_err(|error| vec![error])?;
    let change = Change {
        url: Some(new.url),
        description: Some(new.description),
        event_types: Some(new.event_types),
        document: Some(new.document),
    };
    let id = new
        .id
        .unwrap_or_else(|| WebhookEndpointId::new(&*app.clock, &*app.random));
    let now = app.now();
    let mut row = Endpoint {
        id,
        workspace_id: actor.workspace,
        url: String::new(),
        description: None,
        event_types: Vec::new(),
        document: None,
        status: Status::Enabled,
        status_reason: None,
        secret: Vec::new(),
        previous_secret: None,
        previous_until: None,
        author: Json(actor.provenance.clone()),
        cursor: 0,
        sequence: 0,
        failures: 0,
        failing_since: None,
        next_due_at: None,
        held_until: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    apply(app, actor, &mut row, change).await?;
    Ok(row)
}

async fn insert(app: &App, actor: &Actor, mut row: Endpoint, secret: &Secret) -> Result<Endpoint> {
    row.secret = secret::seal(app, &row, secret).await?;
    let mut tx = app.db.begin().await?;
    endpoint::reserve(&mut tx, actor.workspace, MOST).await?;
    let new = happened(app, actor, EventType::WebhookCreated, &row, "created");
    event::append(&mut tx, actor.workspace, &[new]).await?;
    // It begins behind its own creation.
    row.cursor = event::head(&mut tx, actor.workspace).await?;
    endpoint::insert(&mut tx, &row)
        .await
        .map_err(|error| match error.code {
            ErrorCode::AlreadyExists => error.at(["id"]).about(row.id),
            _ => error,
        })?;
    tx.commit().await?;
    app.hints.events();
    Ok(row)
}

/// Puts a change into a row; all that is wrong at once.
async fn apply(
    app: &App,
    actor: &Actor,
    row: &mut Endpoint,
    change: Change,
) -> Result<(), Vec<Error>> {
    let mut errors = Vec::new();
    if let Some(url) = change.url {
        match check_url(&url, app.webhooks.allow_private) {
            Ok(url) => row.url = url.into(),
            Err(error) => errors.push(error),
        }
    }
    if let Some(description) = change.description {
        let description = description.map(|text| text.trim().to_owned());
        let too_long = |text: &String| text.chars().count() > DESCRIPTION;
        if description.as_ref().is_some_and(too_long) {
            let message = format!("A description has at most {DESCRIPTION} characters.");
            errors.push(Error::new(ErrorCode::InvalidInput, message).at(["description"]));
        }
        row.description = description.filter(|text| !text.is_empty());
    }
    if let Some(kinds) = change.event_types {
        let names: BTreeSet<_> = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        row.event_types = names.into_iter().collect();
    }
    if let Some(document) = change.document {
        if let Some(text) = &document
            && let Err(error) = check_document(app, actor, text).await
        {
            errors.push(error.at(["document"]));
        }
        row.document = document;
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

async fn check_document(app: &App, actor: &Actor, text: &str) -> Result<()> {
    if text.len() > DOCUMENT {
        let message = format!("The document is longer than {DOCUMENT} bytes.");
        return Err(Error::new(ErrorCode::WebhookDocumentInvalid, message));
    }
    app.payloads.check(app, actor, text).await
}

/// An event about an endpoint. Of its address only the host stands in the log: the rest may hold a secret.
pub(super) fn happened(
    app: &App,
    actor: &Actor,
    kind: EventType,
    row: &Endpoint,
    change: &str,
) -> NewEvent {
    let host = Url::parse(&row.url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    let data = json!({
        "webhookEndpointId": row.id,
        "host": host,
        "description": row.description,
        "status": row.status,
        "statusReason": row.status_reason,
        "change": change,
    });
    app.event(actor, kind, data)
}

/// An endpoint locked for a change, and the transaction that holds it.
async fn begin(app: &App, actor: &Actor, id: WebhookEndpointId) -> Result<(Tx, Endpoint)> {
    actor.require(Permission::ManageWebhooks)?;
    let mut tx = app.db.begin().await?;
    let row = endpoint::lock(&mut tx, actor.workspace, id).await?;
    Ok((tx, row))
}

async fn finish(
    app: &App,
    actor: &Actor,
    mut tx: Tx,
    mut row: Endpoint,
    kind: EventType,
    change: &str,
) -> Result<Endpoint> {
    row.version += 1;
    row.updated_at = app.now();
    if row.reason() != Some(Reason::Failures) {
        row.next_due_at = None;
    }
    endpoint::update(&mut tx, &row).await?;
    work::refresh(&mut tx, &[row.id], app.now(), None).await?;
    let row = endpoint::get(&mut tx, actor.workspace, row.id).await?;
    let new = happened(app, actor, kind, &row, change);
    event::append(&mut tx, actor.workspace, &[new]).await?;
    tx.commit().await?;
    app.hints.events();
    Ok(row)
}

/// Changes an endpoint; `version` is the one that was read. Whoever changes it becomes its author:
/// the payload document has this one's rights from now on.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: WebhookEndpointId,
    version: i32,
    change: Change,
) -> Result<Endpoint, Vec<Error>> {
    let one = |error| vec![error];
    let (tx, mut row) = begin(app, actor, id).await.map_err(one)?;
    if row.version != version {
        let message = format!("The endpoint is at version {}, not {version}.", row.version);
        let conflict = Error::new(ErrorCode::VersionConflict, message).at(["version"]);
        return Err(one(conflict.about_version(row.id, row.version)));
    }
    apply(app, actor, &mut row, change).await?;
    row.author = Json(actor.provenance.clone());
    finish(app, actor, tx, row, EventType::WebhookUpdated, "updated")
        .await
        .map_err(one)
}

/// Removes an endpoint with its deliveries.
pub async fn delete(app: &App, actor: &Actor, id: WebhookEndpointId) -> Result<WebhookEndpointId> {
    let (mut tx, row) = begin(app, actor, id).await?;
    endpoint::delete(&mut tx, id).await?;
    let new = happened(app, actor, EventType::WebhookDeleted, &row, "deleted");
    event::append(&mut tx, actor.workspace, &[new]).await?;
    tx.commit().await?;
    app.hints.events();
    Ok(id)
}

/// Makes a new secret and returns it this once. For 24 hours the old one signs too; one that was
/// still signing from an earlier rotation ends now. With `once` an earlier run of the request may have done
/// it: then nothing is changed, and the answer is the same secret.
pub async fn rotate_secret(
    app: &App,
    actor: &Actor,
    id: WebhookEndpointId,
    once: Option<&Once>,
) -> Result<(Endpoint, Secret)> {
    let (tx, mut row) = begin(app, actor, id).await?;
    let secret = secret::new(app, once)?;
    if once.is_some_and(Once::is_repeat) && secret::is_live(app, &row, &secret).await? {
        return Ok((row, secret));
    }
    let sealed = secret::seal(app, &row, &secret).await?;
    row.previous_secret = Some(std::mem::replace(&mut row.secret, sealed));
    row.previous_until = Some(app.now() + BOTH_SIGN);
    let kind = EventType::WebhookUpdated;
    let row = finish(app, actor, tx, row, kind, "secret rotated").await?;
    Ok((row, secret))
}

/// Holds the events of an endpoint back; they wait in the log until it is resumed.
pub async fn pause(app: &App, actor: &Actor, id: WebhookEndpointId) -> Result<Endpoint> {
    let (tx, mut row) = begin(app, actor, id).await?;
    if row.reason() == Some(Reason::Person) {
        return Ok(row);
    }
    if !may_pause(&row) {
        let message = "The endpoint is switched off; nothing is sent anyway.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    row.status = Status::Paused;
    row.status_reason = Some(Reason::Person.as_str().to_owned());
    finish(app, actor, tx, row, EventType::WebhookPaused, "paused").await
}

/// Lets an endpoint go on with all that waits, and takes it over as author.
pub async fn resume(app: &App, actor: &Actor, id: WebhookEndpointId) -> Result<Endpoint> {
    let (mut tx, mut row) = begin(app, actor, id).await?;
    if row.status == Status::Enabled {
        return Ok(row);
    }
    row.status = Status::Enabled;
    row.status_reason = None;
    row.failures = 0;
    row.failing_since = None;
    row.held_until = None;
    row.author = Json(actor.provenance.clone());
    work::hurry(&mut tx, row.id, app.now()).await?;
    finish(app, actor, tx, row, EventType::WebhookResumed, "resumed").await
}

/// Sends what follows a position of the log again, as new deliveries with ids of their own; 0 is the
/// beginning of what is kept. `INVALID_CURSOR` when what follows the position is no longer kept.
pub async fn replay(
    app: &App,
    actor: &Actor,
    id: WebhookEndpointId,
    after: i64,
) -> Result<Endpoint> {
    let (mut tx, mut row) = begin(app, actor, id).await?;
    if after > row.cursor {
        let message = "The endpoint has not come that far; only earlier events can be replayed.";
        return Err(Error::new(ErrorCode::InvalidInput, message).at(["after"]));
    }
    check_reached(after, event::reach(&mut tx, actor.workspace).await?)?;
    row.cursor = after;
    finish(app, actor, tx, row, EventType::WebhookUpdated, "replayed").await
}

/// Sends a delivery again under its own id, with all retries anew; at once if one is waiting, also when
/// the receiver asked to be left alone.
pub async fn redeliver(app: &App, actor: &Actor, id: WebhookDeliveryId) -> Result<Delivery> {
    actor.require(Permission::ManageWebhooks)?;
    let found = delivery::get(&mut *app.db.get().await?, actor.workspace, id).await?;
    let (mut tx, mut row) = begin(app, actor, found.endpoint_id).await?;
    if row.status != Status::Enabled {
        let message = "The endpoint is not enabled; resume it first.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    if !delivery::restart(&mut tx, id, app.now()).await? {
        let message = "The delivery is being sent at this moment.";
        return Err(Error::new(ErrorCode::InvalidState, message).retry_after(10));
    }
    row.held_until = None;
    endpoint::update(&mut tx, &row).await?;
    work::refresh(&mut tx, &[row.id], app.now(), None).await?;
    let again = delivery::get(&mut tx, actor.workspace, id).await?;
    tx.commit().await?;
    app.hints.events();
    Ok(again)
}
