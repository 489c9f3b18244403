use async_graphql::{Context, ID, InputObject, Object, Result};
use posthaste_engine::key as engine;

use super::key::{ApiKey, ApiKeyStatus};
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    scalars,
};

/// The list's name in its cursors.
const LIST: &str = "apiKeys";

/// What a list of API keys is narrowed by.
#[derive(InputObject, Default)]
pub struct ApiKeyFilter {
    /// Only these states; without it all but revoked ones.
    statuses: Option<Vec<ApiKeyStatus>>,
}

/// Reads of API keys.
#[derive(Default)]
pub struct KeyQuery;

#[Object]
impl KeyQuery {
    /// The workspace's API keys, in the order in which they were made. With `MANAGE_KEYS` all
    /// of them, without it a key sees itself only.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<ApiKeyFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<ApiKey>> {
        let (app, actor) = both(ctx)?;
        let statuses: Option<Vec<_>> = filter
            .unwrap_or_default()
            .statuses
            .map(|list| list.into_iter().map(Into::into).collect());
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = engine::list(app, actor, statuses.clone(), &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor, statuses).await?)
        } else {
            None
        };
        Ok(page::list(
            LIST,
            found,
            total,
            |row| (row.created_at, row.id.uuid()),
            ApiKey,
        ))
    }

    /// The API key with an id, also when it was revoked.
    async fn api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`key_…`).")] id: ID,
    ) -> Result<ApiKey> {
        let (app, actor) = both(ctx)?;
        Ok(ApiKey(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }
}
