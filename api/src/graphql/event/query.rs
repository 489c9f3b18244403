use async_graphql::{
    Context, ID, Object, Result,
    connection::{CursorType, Edge, EmptyFields, PageInfo},
};
use posthaste_core::event::EventType;
use posthaste_engine::event;
use posthaste_store::event::Event as Row;

use super::{Event, LIST};
use crate::graphql::{
    context::both,
    page::{self, Args, Cursor},
    scalars::Named,
};

/// A page of the event log.
pub struct EventConnection {
    edges: Vec<Edge<Cursor, Event, EmptyFields>>,
    has_previous: bool,
    has_next: bool,
    /// How far was read. Whoever is limited to some connections goes on from here, also when nothing was to be seen.
    end: Option<Cursor>,
}

/// A page of the event log.
#[Object]
impl EventConnection {
    /// Information to aid in pagination.
    async fn page_info(&self) -> PageInfo {
        let first = self.edges.first();
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: first.map(|edge| edge.cursor.encode_cursor()),
            end_cursor: self.end.as_ref().map(CursorType::encode_cursor),
        }
    }

    /// A list of edges.
    async fn edges(&self) -> &[Edge<Cursor, Event, EmptyFields>] {
        &self.edges
    }

    /// A list of nodes.
    async fn nodes(&self) -> Vec<&Event> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }
}

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
    ) -> Result<EventConnection> {
        let (app, actor) = both(ctx)?;
        let request = Args {
            first,
            after,
            ..Args::default()
        }
        .request::<i64>(LIST)?;
        let filter = super::filter(types, post_id)?;
        let start = request.after.unwrap_or(0);
        let part = event::after(app, actor, start, &filter, request.limit as usize).await?;
        let edge = |row: Row| Edge::new(Cursor::new(LIST, &row.seq), Event(row));
        Ok(EventConnection {
            edges: part.events.into_iter().map(edge).collect(),
            has_previous: request.after.is_some(),
            has_next: part.has_next,
            end: (part.end > start).then(|| Cursor::new(LIST, &part.end)),
        })
    }
}
