use async_graphql::{Context, ID, Object, Result};
use posthaste_engine::team as engine;

use super::Team;
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    scalars,
};

/// The list's name in its cursors.
const LIST: &str = "teams";

/// Reads of teams.
#[derive(Default)]
pub struct TeamQuery;

#[Object]
impl TeamQuery {
    /// The team with an id.
    async fn team(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`team_…`).")] id: ID,
    ) -> Result<Team> {
        let (app, actor) = both(ctx)?;
        Ok(Team(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// The workspace's teams, in the order in which they were made.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn teams(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<Team>> {
        let (app, actor) = both(ctx)?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = engine::list(app, actor, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor).await?)
        } else {
            None
        };
        let place = |row: &posthaste_store::team::Team| (Some(row.created_at), row.id.uuid());
        Ok(page::list(LIST, found, total, place, Team))
    }
}
