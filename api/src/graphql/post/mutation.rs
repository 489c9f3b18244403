use async_graphql::{Context, ID, Object, Result, SimpleObject};
use posthaste_core::{
    Error, Result as CoreResult,
    ids::{PostId, TargetId},
};
use posthaste_engine::{
    App,
    post::{self as engine, Violations, Written},
};

use super::{
    change::PostUpdateInput,
    dry_run::DryRun,
    input::{
        PostCancelInput, PostCreateInput, PostDeleteInput, PostPublishNowInput, PostScheduleInput,
        PostUnscheduleInput,
    },
    read,
    reader::Reader,
    types::Post,
};
use crate::graphql::{
    context::both,
    idempotency::once,
    payload::{MutationError, Warning, payload, split_all},
};

/// What came of writing or changing a post.
#[derive(SimpleObject)]
pub struct PostPayload {
    /// The post as it is now; of a dry run, as it would be.
    post: Option<Post>,
    /// What a dry run would have done; empty when it was none.
    dry_run: Option<DryRun>,
    /// Why nothing was changed; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

payload! {
    /// What came of removing a post.
    PostDeletePayload {
        /// The id of the post that was removed.
        deleted_id: ID
    }
}

impl PostPayload {
    fn written(app: &App, outcome: Result<Written, Violations>) -> CoreResult<Self> {
        let (written, errors) = split_all(app, outcome)?;
        let Some(written) = written else {
            return Ok(Self {
                post: None,
                dry_run: None,
                errors,
                warnings: Vec::new(),
            });
        };
        let warnings = written.warnings.into_iter();
        let (post, dry_run) = match written.trial {
            None => (Post::from(written.post), None),
            Some(trial) => (
                Post::tried(written.post, trial.targets.clone()),
                Some(DryRun::from(trial)),
            ),
        };
        Ok(Self {
            post: Some(post),
            dry_run,
            errors,
            warnings: warnings.map(|problem| Warning::new(app, problem)).collect(),
        })
    }
}

/// Changes of posts; all take the permission `WRITE` or `PUBLISH`.
#[derive(Default)]
pub struct PostMutation;

#[Object]
impl PostMutation {
    /// Writes a post with its targets: a draft, or scheduled if a time is given. All or nothing.
    async fn post_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The post to write.")] input: PostCreateInput,
    ) -> Result<PostPayload> {
        let (app, actor) = both(ctx)?;
        let app = &app.dry_run(input.dry_run);
        let outcome = async {
            let targets = input.targets.unwrap_or_default();
            let post =
                read::post(app, actor, input.id, input.content, targets, input.schedule).await?;
            match once(ctx) {
                Some(once) => engine::create_once(app, actor, post, &once).await,
                None => engine::create(app, actor, post).await,
            }
        };
        Ok(PostPayload::written(app, outcome.await)?)
    }

    /// Changes content or targets of a post. Fields left out stay as they are, `null` clears. Refused
    /// while one of its targets is being published.
    async fn post_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: PostUpdateInput,
    ) -> Result<PostPayload> {
        let (app, actor) = both(ctx)?;
        let app = &app.dry_run(input.dry_run);
        let outcome = async {
            let (id, change) = input.change()?;
            engine::update(app, actor, id, change).await
        };
        Ok(PostPayload::written(app, outcome.await)?)
    }

    /// Gives targets a time: those named, otherwise all that are drafts, scheduled or cancelled.
    async fn post_schedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Post and time.")] input: PostScheduleInput,
    ) -> Result<PostPayload> {
        let (app, actor) = both(ctx)?;
        let app = &app.dry_run(input.dry_run);
        let outcome = async {
            let mut reader = Reader::default();
            let chosen = choice(&input.id, input.target_ids.as_deref(), &mut reader);
            let when = read::when(app, actor, input.schedule, &mut reader).await?;
            let ((id, only), when) = reader.finish(|| chosen.zip(when))?;
            engine::schedule(app, actor, id, input.version, &when, only.as_deref()).await
        };
        Ok(PostPayload::written(app, outcome.await)?)
    }

    /// Publishes at once: the targets named, otherwise all that are drafts, scheduled or cancelled.
    async fn post_publish_now(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The post to publish.")] input: PostPublishNowInput,
    ) -> Result<PostPayload> {
        let (app, actor) = both(ctx)?;
        let app = &app.dry_run(input.dry_run);
        let outcome = async {
            let (id, only) = chosen(&input.id, input.target_ids.as_deref())?;
            engine::publish_now(app, actor, id, input.version, only.as_deref()).await
        };
        Ok(PostPayload::written(app, outcome.await)?)
    }

    /// Takes the time away again: the targets are drafts.
    async fn post_unschedule(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostUnscheduleInput,
    ) -> Result<PostPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let (id, only) = chosen(&input.id, input.target_ids.as_deref())?;
            engine::unschedule(app, actor, id, only.as_deref())
                .await
                .map(unremarkable)
        };
        Ok(PostPayload::written(app, outcome.await)?)
    }

    /// Takes back targets that were not sent: those named, otherwise all that can be.
    async fn post_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostCancelInput,
    ) -> Result<PostPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let (id, only) = chosen(&input.id, input.target_ids.as_deref())?;
            engine::cancel(app, actor, id, only.as_deref())
                .await
                .map(unremarkable)
        };
        Ok(PostPayload::written(app, outcome.await)?)
    }

    /// Removes a post that is neither on its way nor live; what was scheduled is cancelled.
    async fn post_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The post to remove.")] input: PostDeleteInput,
    ) -> Result<PostDeletePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id: PostId = crate::graphql::scalars::id(&input.id, &["id"])?;
            engine::delete(app, actor, id).await?;
            Ok::<_, Error>(ID::from(id))
        };
        Ok(PostDeletePayload::of(app, outcome.await)?)
    }
}

/// A post, and some of its targets or all.
type Choice = (PostId, Option<Vec<TargetId>>);

fn chosen(id: &ID, only: Option<&[ID]>) -> Result<Choice, Violations> {
    let mut reader = Reader::default();
    let choice = choice(id, only, &mut reader);
    reader.finish(|| choice)
}

fn choice(id: &ID, only: Option<&[ID]>, reader: &mut Reader) -> Option<Choice> {
    let id = reader.id(id, "id");
    let only = only.map(|ids| reader.ids(ids, "targetIds"));
    Some((id?, only))
}

fn unremarkable(post: posthaste_store::post::Post) -> Written {
    Written {
        post,
        warnings: Vec::new(),
        trial: None,
    }
}
