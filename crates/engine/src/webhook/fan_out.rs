use posthaste_core::{Result, event::EventType, ids::WebhookDeliveryId};
use posthaste_store::{
    Conn,
    event::{self, Event, Filter},
    webhook::{
        Endpoint,
        delivery::{self, NewDelivery},
        work,
    },
};

use crate::App;

/// Endpoints in one transaction.
const ENDPOINTS: i64 = 8;

/// Events of one endpoint in one transaction.
const EVENTS: i64 = 200;

/// Turns new events into deliveries, in the order of the log, for some endpoints that are behind it.
/// Returns how many endpoints went on; none are left when it is 0.
pub(super) async fn fan_out(app: &App) -> Result<usize> {
    let mut tx = app.db.begin().await?;
    let behind = work::lock_behind(&mut tx, ENDPOINTS).await?;
    for endpoint in &behind {
        collect(app, &mut tx, endpoint).await?;
    }
    let ids: Vec<_> = behind.iter().map(|endpoint| endpoint.id).collect();
    work::refresh(&mut tx, &ids, app.now(), None).await?;
    tx.commit().await?;
    Ok(behind.len())
}

/// Makes deliveries of the next events of an endpoint that is locked, and moves its cursor.
async fn collect(app: &App, conn: &mut Conn, endpoint: &Endpoint) -> Result<()> {
    let kinds = endpoint.event_types.iter();
    let filter = Filter {
        kinds: kinds
            .filter_map(|name| EventType::from_name(name))
            .collect(),
        post: None,
    };
    // Before the events: what is written in between has a higher number and is read next time.
    let head = event::head(conn, endpoint.workspace_id).await?;
    let events = event::after(
        conn,
        endpoint.workspace_id,
        endpoint.cursor,
        &filter,
        EVENTS,
    )
    .await?;
    let last = events.last().map_or(0, |event| event.seq);
    let cursor = if events.len() as i64 == EVENTS {
        last
    } else {
        last.max(head)
    };
    let new = deliveries(app, endpoint, events);
    if !new.is_empty() {
        delivery::insert(conn, endpoint.workspace_id, endpoint.id, &new).await?;
    }
    let sequence = endpoint.sequence + new.len() as i64;
    work::advance(conn, endpoint.id, cursor, sequence).await
}

fn deliveries(app: &App, endpoint: &Endpoint, events: Vec<Event>) -> Vec<NewDelivery> {
    let now = app.now();
    let mut ids: Vec<_> = events
        .iter()
        .map(|_| WebhookDeliveryId::new(&*app.clock, &*app.random))
        .collect();
    // The log is shown by time, then id: within one millisecond chance would mix the numbers up.
    ids.sort_unstable();
    ids.into_iter()
        .zip(events)
        .zip(endpoint.sequence + 1..)
        .map(|((id, event), sequence)| NewDelivery {
            id,
            sequence,
            event_seq: Some(event.seq),
            kind: event.kind,
            due_at: now,
            worker: None,
            created_at: now,
        })
        .collect()
}
