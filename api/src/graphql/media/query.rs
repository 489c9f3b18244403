use async_graphql::{Context, ID, InputObject, Object, Result};
use posthaste_engine::media as engine;
use posthaste_store::media::Status;

use super::{Media, types::MediaStatus};
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    scalars,
};

/// The list's name in its cursors.
const LIST: &str = "media";

/// What a list of media is narrowed by.
#[derive(InputObject, Default)]
pub struct MediaFilter {
    /// Only these states.
    statuses: Option<Vec<MediaStatus>>,
}

/// Reads of media.
#[derive(Default)]
pub struct MediaQuery;

#[Object]
impl MediaQuery {
    /// The uploaded picture or video with an id.
    async fn media(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`media_…`).")] id: ID,
    ) -> Result<Media> {
        let (app, actor) = both(ctx)?;
        Ok(Media(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// The uploaded pictures and videos, oldest first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn media_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<MediaFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<Media>> {
        let (app, actor) = both(ctx)?;
        let statuses: Option<Vec<Status>> = filter
            .unwrap_or_default()
            .statuses
            .map(|list| list.into_iter().map(Into::into).collect());
        let statuses = statuses.as_deref();
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = engine::list(app, actor, statuses, &request).await?;
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
            Media,
        ))
    }
}
