use async_graphql::{Context, ID, Result, Subscription};
use futures::{Stream, StreamExt, stream};
use posthaste_core::{access::Permission, event::EventType};
use posthaste_engine::event;
use posthaste_store::event as store;

use super::{Event, Trail};
use crate::graphql::{context::both, scalars::Named};

/// Stands in for the log in the context of a request that is executed for one event, or, without one,
/// only checked.
pub struct GivenEvent(pub Option<store::Event>);

/// Follows the event log.
#[derive(Default)]
pub struct EventSubscription;

#[Subscription]
impl EventSubscription {
    /// What happens from now on, in order. With `after` everything since that cursor comes first, so
    /// that a client that was away misses nothing. Over server-sent events each event's `id` is its
    /// cursor, and `Last-Event-ID` goes before `after`.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Replay what follows this cursor first.")] after: Option<String>,
        #[graphql(desc = "Only these types.")] types: Option<Vec<Named<EventType>>>,
        #[graphql(desc = "Only what concerns this post.")] post_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Event>> + use<>> {
        let (app, actor) = both(ctx)?;
        if let Some(GivenEvent(given)) = ctx.data_opt() {
            actor.require(Permission::Read)?;
            let given = given.clone().map(|event| Ok(Event(event)));
            return Ok(stream::iter(given).left_stream());
        }
        let trail = Trail::of(ctx);
        let start = trail.start(after)?;
        let filter = super::filter(types, post_id)?;
        let events = event::follow(app, actor, start, filter).await?;
        let events = events.map(move |event| {
            let event = event?;
            trail.reached(event.seq);
            Ok(Event(event))
        });
        Ok(events.right_stream())
    }
}
