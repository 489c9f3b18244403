use std::collections::VecDeque;

use futures::{Stream, StreamExt, stream};
use posthaste_core::{Result, ids::TargetId};
use posthaste_store::{
    event::{Event, Filter},
    timeline::Step,
};

use super::{steps, target, targets_by_ids};
use crate::{Actor, App, event};

/// Steps in one reading.
const BATCH: i64 = 100;

/// Follows the timeline of a target: the steps after a position (0 is the beginning), then each new one, in
/// order. Ends once nothing more happens without a person. `NOT_FOUND` when there is no such target.
pub async fn follow_steps(
    app: &App,
    actor: &Actor,
    id: TargetId,
    after: i64,
) -> Result<impl Stream<Item = Result<Step>> + Send + use<>> {
    let row = target(app, actor, id).await?;
    // Whoever writes steps tells of it in the log; an edit is told of the post.
    let filter = Filter {
        post: Some(row.post_id),
        ..Filter::default()
    };
    // Before the first reading, so that what happens meanwhile is read again, not lost.
    let events = event::follow(app, actor, None, filter).await?.boxed();
    let watch = Watch {
        app: app.clone(),
        actor: actor.clone(),
        id,
        at: after,
        ready: VecDeque::new(),
        events,
    };
    Ok(stream::unfold(Some(watch), |watch| async move {
        let mut watch = watch?;
        match watch.next().await {
            Ok(Some(step)) => Some((Ok(step), Some(watch))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }))
}

struct Watch {
    app: App,
    actor: Actor,
    id: TargetId,
    /// Everything up to here was told.
    at: i64,
    ready: VecDeque<Step>,
    events: stream::BoxStream<'static, Result<Event>>,
}

impl Watch {
    /// The next step; none when there will be no more.
    async fn next(&mut self) -> Result<Option<Step>> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                self.at = step.id;
                return Ok(Some(step));
            }
            // How it stands comes first: a step that follows is then read after it.
            let rows = targets_by_ids(&self.app, &self.actor, &[self.id]).await?;
            let over = rows.iter().all(|row| row.state.is_settled());
            let new = steps(&self.app, &self.actor, &[self.id], self.at, BATCH).await?;
            self.ready.extend(new);
            if !self.ready.is_empty() {
                continue;
            }
            if over {
                return Ok(None);
            }
            match self.events.next().await {
                Some(event) => event.map(drop)?,
                None => return Ok(None),
            }
        }
    }
}
