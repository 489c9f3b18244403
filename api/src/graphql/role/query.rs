use async_graphql::{Context, ID, Object, Result};
use posthaste_core::access;
use posthaste_engine::role as engine;

use super::{CustomRole, types::BuiltInRole};
use crate::graphql::{
    context::{actor, both},
    page::{self, Args, List},
    scalars,
};

/// The list's name in its cursors.
const LIST: &str = "customRoles";

/// Reads of roles.
#[derive(Default)]
pub struct RoleQuery;

#[Object]
impl RoleQuery {
    /// The roles that every workspace has, and what each carries.
    async fn built_in_roles(&self, ctx: &Context<'_>) -> Result<Vec<BuiltInRole>> {
        actor(ctx)?;
        Ok(access::Role::built_in().map(BuiltInRole::from).collect())
    }

    /// The role of the workspace's own with an id.
    async fn custom_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`role_…`).")] id: ID,
    ) -> Result<CustomRole> {
        let (app, actor) = both(ctx)?;
        Ok(CustomRole(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// The roles that the workspace made, in the order in which they were made.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn custom_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<CustomRole>> {
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
        let place = |row: &posthaste_store::role::CustomRole| (Some(row.created_at), row.id.uuid());
        Ok(page::list(LIST, found, total, place, CustomRole))
    }
}
