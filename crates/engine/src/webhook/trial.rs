use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    event::EventType,
    ids::{NodeId, WebhookDeliveryId, WebhookEndpointId},
};
use posthaste_store::{
    event::{self, Event},
    webhook::{
        Delivery, Endpoint,
        delivery::{self, NewDelivery, TEST},
        endpoint, work,
    },
};
use serde_json::{Value, json};

use super::{
    deliver::{LEASE, send},
    payload::body,
    settle,
};
use crate::{Actor, App, session};

/// What came of trying an endpoint out.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What was sent, or would be.
    pub payload: String,
    /// The delivery with its one try; none of a dry run.
    pub delivery: Option<Delivery>,
}

/// Sends a signed `test` now, once, whatever the endpoint's status; its data is that of the newest
/// event of `kind` (of any the endpoint takes without). A dry run sends nothing and shows what that
/// event itself would be sent as.
pub async fn test(
    app: &App,
    actor: &Actor,
    id: WebhookEndpointId,
    kind: Option<EventType>,
    dry_run: bool,
) -> Result<Trial> {
    actor.require(Permission::ManageWebhooks)?;
    let row = endpoint::get(&mut *app.db.get().await?, actor.workspace, id).await?;
    let event = newest(app, &row, kind).await?;
    let data = data(app, &row, event.as_ref()).await?;
    if dry_run {
        let (kind, at) = match &event {
            Some(event) => (event.kind.as_str(), event.at),
            None => (TEST, app.now()),
        };
        return Ok(Trial {
            payload: body(kind, at, row.sequence + 1, data)?,
            delivery: None,
        });
    }
    let worker = NodeId::new(&*app.clock, &*app.random);
    let (row, test, payload) = begin(app, &row, worker, event.as_ref(), data).await?;
    let outcome = send(app, &row, &test, &payload).await;
    settle::settle(app, worker, &test, outcome).await?;
    let test = delivery::get(&mut *app.db.get().await?, actor.workspace, test.id).await?;
    Ok(Trial {
        payload,
        delivery: Some(test),
    })
}

async fn newest(app: &App, row: &Endpoint, kind: Option<EventType>) -> Result<Option<Event>> {
    let kinds = match kind {
        Some(kind) => vec![kind.as_str().to_owned()],
        None => row.event_types.clone(),
    };
    event::newest(&mut *app.db.get().await?, row.workspace_id, &kinds).await
}

/// The data of an event by the endpoint's document; empty where nothing has happened yet.
async fn data(app: &App, row: &Endpoint, event: Option<&Event>) -> Result<Value> {
    let author = session::present(app, row.workspace_id, &row.author.0).await?;
    let author = author.filter(|author| author.reach.is_whole());
    let author = author.ok_or_else(|| {
        let message = "Whoever wrote the payload document may no longer read this workspace; resume or change the endpoint to take it over.";
        Error::new(ErrorCode::InvalidState, message)
    })?;
    let Some(event) = event else {
        return Ok(json!({}));
    };
    let document = row.document.as_deref();
    app.payloads.render(app, &author, document, event).await
}

/// Writes the test down before it is sent. Should this process be lost, a worker sends it.
async fn begin(
    app: &App,
    row: &Endpoint,
    worker: NodeId,
    event: Option<&Event>,
    data: Value,
) -> Result<(Endpoint, Delivery, String)> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let mut row = endpoint::lock(&mut tx, row.workspace_id, row.id).await?;
    row.sequence += 1;
    let payload = body(TEST, now, row.sequence, data)?;
    let new = NewDelivery {
        id: WebhookDeliveryId::new(&*app.clock, &*app.random),
        sequence: row.sequence,
        event_seq: event.map(|event| event.seq),
        kind: TEST.to_owned(),
        due_at: now + LEASE,
        worker: Some(worker),
        created_at: now,
    };
    let id = new.id;
    delivery::insert(&mut tx, row.workspace_id, row.id, &[new]).await?;
    work::advance(&mut tx, row.id, row.cursor, row.sequence).await?;
    work::refresh(&mut tx, &[row.id], now, None).await?;
    let test = delivery::get(&mut tx, row.workspace_id, id).await?;
    work::save_payload(&mut tx, &test, worker, &payload).await?;
    tx.commit().await?;
    Ok((row, test, payload))
}
