use async_graphql::{
    Context, ID, Object, Result,
    connection::{Connection, Edge},
};
use posthaste_core::event::EventType;
use posthaste_engine::event;

use super::{Event, LIST};
use crate::graphql::{
    context::both,
    page::{self, Args, Cursor},
    scalars::Named,
};

/// Reads of the event log.
#[derive(Default)]
pub struct EventQuery;

#[Object]
impl EventQuery {
    /// What happened, oldest first. Without `after` from the beginning; keep the last cursor and ask
    /// again to miss nothing, or follow the subscription of the same name.
    #[graphql(complexity = "page::cost(first, None, child_complexity)")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, 1 to 100; 25 when nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only these types.")] types: Option<Vec<Named<EventType>>>,
        #[graphql(desc = "Only what concerns this post.")] post_id: Option<ID>,
    ) -> Result<Connection<Cursor, Event>> {
        let (app, actor) = both(ctx)?;
        let request = Args {
            first,
            after,
            ..Args::default()
        }
        .request::<i64>(LIST)?;
        let filter = super::filter(types, post_id)?;
        let start = request.after.unwrap_or(0);
        let mut rows = event::after(app, actor, start, &filter, request.limit + 1).await?;
        let more = rows.len() as i64 > request.limit;
        rows.truncate(request.limit as usize);
        let mut list = Connection::new(request.after.is_some(), more);
        list.edges = rows
            .into_iter()
            .map(|row| Edge::new(Cursor::new(LIST, &row.seq), Event(row)))
            .collect();
        Ok(list)
    }
}
