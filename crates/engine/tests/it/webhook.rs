//! Webhooks with a clock that stands still and endpoints that answer as they are told.

mod endpoint;
mod manage;
mod retry;
mod workers;

use std::sync::Arc;

use chrono::TimeDelta;
use endpoint::Receiver;
use posthaste_core::{
    Provenance,
    access::Role,
    event::EventType,
    ids::{EventId, NodeId, WebhookEndpointId},
};
use posthaste_engine::{
    Actor,
    session::{self, KeyKind, NewKey},
    webhook::{self, NewEndpoint},
};
use posthaste_store::{
    event::{self, NewEvent},
    webhook::{
        Attempt, Delivery, Endpoint,
        delivery::{self, Filter},
    },
};
use serde_json::{Value, json};

use crate::world::World;

/// A world with a receiver and an owner.
struct Post {
    world: World,
    receiver: Arc<Receiver>,
    owner: Actor,
}

impl Post {
    async fn new() -> Self {
        let receiver = Arc::new(Receiver::default());
        let world = World::with_port(receiver.clone()).await;
        let new = NewKey {
            id: None,
            name: "Owner".into(),
            role: Role::Owner,
            kind: KeyKind::Test,
        };
        let (_, key) = session::create_key(&world.app, world.workspace, new)
            .await
            .unwrap();
        let by = Provenance::Key { key: key.id };
        let owner = Actor::new(world.workspace, Role::Owner, by);
        Self {
            world,
            receiver,
            owner,
        }
    }

    /// An endpoint for all events at this host.
    async fn endpoint(&self, host: &str) -> WebhookEndpointId {
        self.endpoint_for(host, Vec::new()).await
    }

    async fn endpoint_for(&self, host: &str, event_types: Vec<EventType>) -> WebhookEndpointId {
        let new = NewEndpoint {
            url: format!("https://{host}/hook"),
            event_types,
            ..NewEndpoint::default()
        };
        webhook::create(&self.world.app, &self.owner, new, None)
            .await
            .unwrap()
            .0
            .id
    }

    /// Something happens, `count` times.
    async fn happen(&self, kind: EventType, count: usize) {
        self.all_happen(kind, (0..count).map(|n| json!({ "n": n })))
            .await;
    }

    async fn happen_with(&self, kind: EventType, data: Value) {
        self.all_happen(kind, [data]).await;
    }

    async fn all_happen(&self, kind: EventType, all: impl IntoIterator<Item = Value>) {
        let app = &self.world.app;
        let new = |data| NewEvent {
            id: EventId::new(&*app.clock, &*app.random),
            at: app.now(),
            kind,
            post: None,
            target: None,
            connection: None,
            media: None,
            provenance: Provenance::System,
            data,
        };
        let events: Vec<_> = all.into_iter().map(new).collect();
        let mut tx = app.db.begin().await.unwrap();
        event::append(&mut tx, self.world.workspace, &events)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        app.hints.events();
    }

    fn worker(&self) -> NodeId {
        NodeId::new(&*self.world.app.clock, &*self.world.app.random)
    }

    /// Delivers what is due and says how many tries that took.
    async fn deliver(&self) -> usize {
        webhook::deliver_due(&self.world.app, self.worker())
            .await
            .unwrap()
    }

    async fn read(&self, id: WebhookEndpointId) -> Endpoint {
        webhook::get(&self.world.app, &self.owner, id)
            .await
            .unwrap()
    }

    /// The deliveries, by number.
    async fn deliveries(&self) -> Vec<Delivery> {
        let page = posthaste_store::PageRequest {
            limit: 100,
            after: None,
            before: None,
            from_end: false,
        };
        let mut conn = self.world.db().get().await.unwrap();
        let filter = Filter::default();
        let mut rows = delivery::list(&mut conn, self.world.workspace, &filter, &page)
            .await
            .unwrap()
            .rows;
        rows.sort_by_key(|row| (row.endpoint_id, row.sequence));
        rows
    }

    async fn attempts(&self, row: &Delivery) -> Vec<Attempt> {
        webhook::attempts(&self.world.app, &self.owner, &[row.id])
            .await
            .unwrap()
    }

    /// What the log says about endpoints after they were made.
    async fn story(&self) -> Vec<String> {
        let events = self.world.events().await;
        let kinds = events.into_iter().map(|event| event.kind);
        kinds
            .filter(|kind| kind.starts_with("webhook.") && kind != "webhook.created")
            .collect()
    }

    fn advance(&self, delta: TimeDelta) {
        self.world.clock.advance(delta);
    }
}
