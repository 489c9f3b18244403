use async_graphql::{Context, ID, Object, Result};
use posthaste_engine::incident as engine;

use super::Incident;
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    scalars,
};

/// The list's name in its cursors.
const LIST: &str = "incidents";

/// Reads of incidents.
#[derive(Default)]
pub struct IncidentQuery;

#[Object]
impl IncidentQuery {
    /// The incident with an id.
    async fn incident(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`inc_…`).")] id: ID,
    ) -> Result<Incident> {
        let (app, actor) = both(ctx)?;
        Ok(Incident(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// The workspace's incidents, the newest first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn incidents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that are open.", default)] open: bool,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<Incident>> {
        let (app, actor) = both(ctx)?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = engine::list(app, actor, open, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor, open).await?)
        } else {
            None
        };
        let place =
            |row: &posthaste_store::incident::Incident| (Some(row.opened_at), row.id.uuid());
        Ok(page::list(LIST, found, total, place, Incident))
    }
}
