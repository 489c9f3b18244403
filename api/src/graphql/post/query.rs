use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_engine::post as engine;
use posthaste_store::post::{self as rows, Filter, Order, Sort};
use uuid::Uuid;

use super::{
    enums::PostOrder,
    input::{PostPreviewInput, PostValidateInput},
    preview::{PostPreview, PostValidation, TargetPreview},
    read,
    types::Post,
};
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    payload::{MutationError, Warning, split_all},
    scalars::{self, Network},
    target::TargetState,
};

/// What a list of posts is narrowed by; all conditions hold together.
#[derive(Default, InputObject)]
pub struct PostFilter {
    /// At least one target in one of these states.
    states: Option<Vec<TargetState>>,
    /// At least one target on one of these networks.
    networks: Option<Vec<Network>>,
    /// At least one target on one of these connections.
    connection_ids: Option<Vec<ID>>,
    /// Due at this instant or later.
    due_from: Option<DateTime<Utc>>,
    /// Due before this instant.
    due_to: Option<DateTime<Utc>>,
    /// The text contains this, whatever the case.
    text: Option<String>,
}

impl PostFilter {
    fn read(self) -> posthaste_core::Result<Filter> {
        let connections = self
            .connection_ids
            .map(|ids| scalars::ids(&ids, "connectionIds"))
            .transpose();
        Ok(Filter {
            states: self
                .states
                .map(|list| list.into_iter().map(Into::into).collect()),
            networks: self
                .networks
                .map(|list| list.into_iter().map(Into::into).collect()),
            connections: connections.map_err(|error| error.within(["filter"]))?,
            due_from: self.due_from,
            due_to: self.due_to,
            text: self.text.filter(|text| !text.is_empty()),
        })
    }
}

impl PostOrder {
    fn sort(self) -> Sort {
        let (by, descending) = match self {
            Self::CreatedAtAsc => (Order::Created, false),
            Self::CreatedAtDesc => (Order::Created, true),
            Self::UpdatedAtAsc => (Order::Updated, false),
            Self::UpdatedAtDesc => (Order::Updated, true),
            Self::DueAtAsc => (Order::Due, false),
            Self::DueAtDesc => (Order::Due, true),
        };
        Sort { by, descending }
    }

    /// The list's name in its cursors.
    fn list(self) -> &'static str {
        match self.sort().by {
            Order::Created => "posts.created",
            Order::Updated => "posts.updated",
            Order::Due => "posts.due",
        }
    }

    /// A post's place in the order.
    fn key(self, row: &rows::Post) -> (Option<DateTime<Utc>>, Uuid) {
        let at = match self.sort().by {
            Order::Created => Some(row.created_at),
            Order::Updated => Some(row.updated_at),
            Order::Due => row.due_at,
        };
        (at, row.id.uuid())
    }
}

/// Reads of posts.
#[derive(Default)]
pub struct PostQuery;

#[Object]
impl PostQuery {
    /// The post with an id.
    async fn post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`post_…`).")] id: ID,
    ) -> Result<Post> {
        let (app, actor) = both(ctx)?;
        Ok(engine::get(app, actor, scalars::id(&id, &["id"])?)
            .await?
            .into())
    }

    /// The posts of the workspace, newest first unless another order is chosen.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay list")]
    async fn posts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<PostFilter>,
        #[graphql(desc = "The order.", default)] order_by: PostOrder,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<Post>> {
        let (app, actor) = both(ctx)?;
        let filter = filter.unwrap_or_default().read()?;
        let name = order_by.list();
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(name)?;
        let found = engine::list(app, actor, &filter, order_by.sort(), &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor, &filter).await?)
        } else {
            None
        };
        Ok(page::list(
            name,
            found,
            total,
            |row| order_by.key(row),
            Post::from,
        ))
    }

    /// What each connection would get: text, link and files as they would be sent, and what the
    /// network would refuse. Nothing is written or sent.
    #[graphql(complexity = "20 * input.targets.len().max(1) + child_complexity")]
    async fn post_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The post to look at.")] input: PostPreviewInput,
    ) -> Result<PostPreview> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let post = read::post(app, actor, None, input.content, input.targets, None).await?;
            engine::preview(app, actor, post)
                .await
                .map_err(|error| vec![error])
        };
        let (found, mut errors) = split_all(app, outcome.await)?;
        let (shown, violations) = found.unwrap_or_default();
        errors.extend(
            violations
                .into_iter()
                .map(|error| MutationError::new(app, error)),
        );
        Ok(PostPreview {
            targets: shown.into_iter().map(TargetPreview).collect(),
            violations: errors,
        })
    }

    /// Checks a post by the rules of scheduling. Nothing is written or sent.
    #[graphql(complexity = "20 * input.targets.len().max(1) + child_complexity")]
    async fn post_validate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The post to check.")] input: PostValidateInput,
    ) -> Result<PostValidation> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let post = read::post(
                app,
                actor,
                None,
                input.content,
                input.targets,
                input.schedule,
            )
            .await?;
            engine::validate(app, actor, post)
                .await
                .map_err(|error| vec![error])
        };
        let (checked, mut errors) = split_all(app, outcome.await)?;
        let mut warnings = Vec::new();
        if let Some(checked) = checked {
            errors.extend(
                checked
                    .errors
                    .into_iter()
                    .map(|error| MutationError::new(app, error)),
            );
            warnings.extend(
                checked
                    .warnings
                    .into_iter()
                    .map(|problem| Warning::new(app, problem)),
            );
        }
        Ok(PostValidation {
            valid: errors.is_empty(),
            errors,
            warnings,
        })
    }
}
