use async_graphql::{Context, Object, Result};
use posthaste_engine::session::{self, own};

use super::{Session, Viewer};
use crate::graphql::{
    context::both,
    page::{self, Args, List},
};

/// The list's name in its cursors.
const LIST: &str = "sessions";

/// Reads about the caller.
#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who asks, and what they may do.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer> {
        let (app, actor) = both(ctx)?;
        let identity = session::identity(app, actor).await?;
        Ok(Viewer {
            identity,
            actor: actor.clone(),
        })
    }

    /// Your open sessions, in all workspaces, the newest first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<Session>> {
        let (app, actor) = both(ctx)?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = own::list(app, actor, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(own::count(app, actor).await?)
        } else {
            None
        };
        let place = |row: &posthaste_store::access::Session| (row.created_at, row.id.uuid());
        let seen = |row| Session::seen_by(actor, &row);
        Ok(page::list(LIST, found, total, place, seen))
    }
}
