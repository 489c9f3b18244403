use async_graphql::{Context, ID, Object, Result};
use posthaste_engine::member as engine;

use super::Member;
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    scalars,
};

/// The list's name in its cursors.
const LIST: &str = "members";

/// Reads of members.
#[derive(Default)]
pub struct MemberQuery;

#[Object]
impl MemberQuery {
    /// The member with a person's id.
    async fn member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id (`user_…`).")] id: ID,
    ) -> Result<Member> {
        let (app, actor) = both(ctx)?;
        Ok(Member(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// The workspace's members, who came first first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<Member>> {
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
        let place = |row: &posthaste_store::member::Member| (row.created_at, row.user_id.uuid());
        Ok(page::list(LIST, found, total, place, Member))
    }
}
