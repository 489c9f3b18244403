use async_graphql::{Context, Result, Subscription};
use futures::{Stream, StreamExt};
use posthaste_core::event::EventType;
use posthaste_engine::event;

use super::{Event, LIST};
use crate::graphql::{context::both, page, scalars::Named};

/// Follows the event log.
#[derive(Default)]
pub struct EventSubscription;

#[Subscription]
impl EventSubscription {
    /// What happens from now on, in order. With `after` everything since that cursor comes first, so
    /// that a client that was away misses nothing.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Replay what follows this cursor first.")] after: Option<String>,
        #[graphql(desc = "Only these types.")] types: Option<Vec<Named<EventType>>>,
    ) -> Result<impl Stream<Item = Result<Event>> + use<>> {
        let (app, actor) = both(ctx)?;
        let start = after
            .map(|after| page::key(LIST, &after, "after"))
            .transpose()?;
        let kinds = types
            .unwrap_or_default()
            .into_iter()
            .map(|kind| kind.0)
            .collect();
        let events = event::follow(app, actor, start, kinds).await?;
        Ok(events.map(|event| Ok(Event(event?))))
    }
}
