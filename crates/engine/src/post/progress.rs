use std::collections::VecDeque;

use futures::{Stream, StreamExt, stream};
use posthaste_core::{
    Result,
    event::EventType,
    ids::{PostId, TargetId},
};
use posthaste_store::{
    event::{Event, Filter},
    target::Target,
};

use super::{get, target, targets_by_ids, targets_of_posts};
use crate::{Actor, App, event};

/// Whose progress is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All targets of a post.
    Post(PostId),
    /// One target.
    Target(TargetId),
}

/// How a target stands after a place in the log.
#[derive(Clone, Debug)]
pub struct Update {
    /// The place.
    pub seq: i64,
    /// The target as it is now.
    pub target: Target,
    /// What happened; none for the state at the beginning.
    pub event: Option<Event>,
}

impl Scope {
    async fn rows(self, app: &App, actor: &Actor) -> Result<Vec<Target>> {
        match self {
            Self::Post(id) => targets_of_posts(app, actor, &[id]).await,
            Self::Target(id) => targets_by_ids(app, actor, &[id]).await,
        }
    }

    async fn exists(self, app: &App, actor: &Actor) -> Result<()> {
        match self {
            Self::Post(id) => get(app, actor, id).await.map(drop),
            Self::Target(id) => target(app, actor, id).await.map(drop),
        }
    }

    fn concerns(self, event: &Event) -> bool {
        match self {
            Self::Post(id) => event.post_id == Some(id.uuid()),
            Self::Target(id) => event.target_id == Some(id.uuid()),
        }
    }
}

/// Follows targets until all are settled: first how each stands (without `after`), then each change.
/// `NOT_FOUND` when there is no such post or target.
pub async fn progress(
    app: &App,
    actor: &Actor,
    scope: Scope,
    after: Option<i64>,
) -> Result<impl Stream<Item = Result<Update>> + Send + use<>> {
    scope.exists(app, actor).await?;
    // The place comes first: what happens between it and the rows is told twice, not lost.
    let seq = event::head(app, actor).await?;
    let rows = scope.rows(app, actor).await?;
    let end = settled_at(app, actor, &rows).await?;
    let ready = match after {
        None => rows
            .into_iter()
            .map(|target| Update {
                seq,
                target,
                event: None,
            })
            .collect(),
        Some(_) => VecDeque::new(),
    };
    let start = after.unwrap_or(seq);
    let events = event::follow(app, actor, Some(start), Filter::default())
        .await?
        .boxed();
    let watch = Watch {
        app: app.clone(),
        actor: actor.clone(),
        scope,
        events,
        ready,
        end,
        at: start,
    };
    Ok(stream::unfold(watch, |mut watch| async move {
        Some((watch.next().await?, watch))
    }))
}

/// The place in the log by which all of `rows` were settled, if they are.
async fn settled_at(app: &App, actor: &Actor, rows: &[Target]) -> Result<Option<i64>> {
    if rows.iter().all(|row| row.state.is_settled()) {
        event::head(app, actor).await.map(Some)
    } else {
        Ok(None)
    }
}

struct Watch {
    app: App,
    actor: Actor,
    scope: Scope,
    events: stream::BoxStream<'static, Result<Event>>,
    ready: VecDeque<Update>,
    end: Option<i64>,
    at: i64,
}

impl Watch {
    async fn next(&mut self) -> Option<Result<Update>> {
        loop {
            if let Some(update) = self.ready.pop_front() {
                return Some(Ok(update));
            }
            if self.end.is_some_and(|end| self.at >= end) {
                return None;
            }
            let event = match self.events.next().await? {
                Ok(event) => event,
                Err(error) => return Some(Err(error)),
            };
            self.at = event.seq;
            if self.scope.concerns(&event)
                && let Err(error) = self.take(event).await
            {
                return Some(Err(error));
            }
        }
    }

    /// Turns an event into an update, and sees whether it was the last.
    async fn take(&mut self, event: Event) -> Result<()> {
        let rows = self.scope.rows(&self.app, &self.actor).await?;
        let over = event.kind == EventType::PostDeleted.as_str() || rows.is_empty();
        self.end = if over {
            Some(event.seq)
        } else {
            settled_at(&self.app, &self.actor, &rows).await?
        };
        let target = rows
            .into_iter()
            .find(|row| event.target_id == Some(row.id.uuid()));
        self.ready.extend(target.map(|target| Update {
            seq: event.seq,
            target,
            event: Some(event),
        }));
        Ok(())
    }
}
