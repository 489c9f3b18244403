use async_graphql::{Context, ID, Result, SimpleObject, Subscription};
use futures::{Stream, StreamExt};
use posthaste_core::{Error, ErrorCode, Result as CoreResult};
use posthaste_engine::post::{self as engine, Scope, Update};

use super::{
    timeline::{self, TimelineStep},
    types::Target,
};
use crate::graphql::{
    context::both,
    event::{self, Event},
    page, scalars,
};

/// How a target stands, and what brought it there.
#[derive(SimpleObject)]
pub struct TargetProgress {
    /// Hand it in as `after` to go on from here.
    cursor: String,
    /// The target as it is now.
    target: Target,
    /// What happened; empty for the state at the beginning.
    event: Option<Event>,
}

impl From<Update> for TargetProgress {
    fn from(update: Update) -> Self {
        Self {
            cursor: page::cursor(event::LIST, &update.seq),
            target: Target(update.target),
            event: update.event.map(Event),
        }
    }
}

/// Follows targets.
#[derive(Default)]
pub struct TargetSubscription;

#[Subscription]
impl TargetSubscription {
    /// Follows the targets of a post, or one target: first how each stands, then each change. With
    /// `after` everything since that cursor comes instead of the present states. Completes by itself
    /// once nothing more happens without a person.
    async fn target_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The post. Give either this or targetId.")] post_id: Option<ID>,
        #[graphql(desc = "The target.")] target_id: Option<ID>,
        #[graphql(desc = "Go on after this cursor.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<TargetProgress>> + use<>> {
        let (app, actor) = both(ctx)?;
        let scope = scope(post_id, target_id)?;
        let trail = event::Trail::of(ctx);
        let start = trail.start(after)?;
        let updates = engine::progress(app, actor, scope, start).await?;
        Ok(updates.map(move |update| {
            let update = update?;
            // The states at the beginning come again for whoever did not hear all of them.
            if update.event.is_some() {
                trail.reached(update.seq);
            }
            Ok(update.into())
        }))
    }

    /// What happens to a target, step by step, as it is written: first the steps there are (with `after`
    /// those that follow it), then each new one. Completes by itself once nothing more happens without a
    /// person. Over server-sent events each event's `id` is the step's cursor, and `Last-Event-ID` goes
    /// before `after`.
    async fn target_timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The target.")] target_id: ID,
        #[graphql(desc = "Go on after this cursor of a step.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Result<TimelineStep>> + use<>> {
        let (app, actor) = both(ctx)?;
        let id = scalars::id(&target_id, &["targetId"])?;
        let trail = event::Trail::along(ctx, timeline::LIST);
        let start = trail.start(after)?.unwrap_or(0);
        let steps = engine::follow_steps(app, actor, id, start).await?;
        Ok(steps.map(move |step| {
            let step = step?;
            trail.reached(step.id);
            Ok(TimelineStep(step))
        }))
    }
}

fn scope(post_id: Option<ID>, target_id: Option<ID>) -> CoreResult<Scope> {
    match (post_id, target_id) {
        (Some(id), None) => Ok(Scope::Post(scalars::id(&id, &["postId"])?)),
        (None, Some(id)) => Ok(Scope::Target(scalars::id(&id, &["targetId"])?)),
        _ => Err(
            Error::new(ErrorCode::InvalidInput, "Give either postId or targetId.").at(["postId"]),
        ),
    }
}
