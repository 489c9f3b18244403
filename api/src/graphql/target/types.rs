//! A target as people read it.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, error::docs_path};
use posthaste_engine::post as engine;
use posthaste_store::target as rows;

use super::{
    enums::{IfAbsent, MisfirePolicy, TargetAction, TargetState},
    loader::{AttemptsOf, StepsOf},
    metrics::TargetMetrics,
    preflight::{Preflight, PreflightOf},
    timeline::{self, Attempt, TimelineStep},
};
use crate::graphql::{
    connection::Connection,
    context::{actor, app, loader},
    page,
    post::{LocalDateTime, Post},
    scalars::{Named, Network},
};

/// One post on one connection: the unit of publishing.
pub struct Target(pub rows::Target);

/// The local time a person chose.
#[derive(SimpleObject)]
pub struct LocalSchedule {
    /// Date and time on the wall.
    local_time: LocalDateTime,
    /// The IANA zone.
    time_zone: String,
}

/// What went wrong.
pub struct TargetError {
    code: ErrorCode,
    message: String,
}

/// What went wrong, and what to do about it.
#[Object]
impl TargetError {
    /// The stable code.
    async fn code(&self) -> Named<ErrorCode> {
        Named(self.code)
    }

    /// What happened, for a person.
    async fn message(&self) -> &str {
        &self.message
    }

    /// What to do.
    async fn advice(&self) -> &str {
        self.code.advice()
    }

    /// Where the code is explained.
    async fn docs_url(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(format!("{}{}", app(ctx)?.public_url, docs_path(self.code)))
    }
}

impl TargetError {
    /// An error as a row keeps it.
    pub fn stored(code: Option<&str>, message: Option<&str>) -> Option<Self> {
        let code = ErrorCode::from_name(code?).unwrap_or(ErrorCode::Internal);
        Some(Self {
            code,
            message: message.unwrap_or_else(|| code.title()).to_owned(),
        })
    }
}

/// One post on one connection: the unit of publishing.
#[Object]
impl Target {
    /// The id (`target_…`).
    pub async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The post; empty once it was removed.
    async fn post(&self, ctx: &Context<'_>) -> Result<Option<Post>> {
        Ok(loader(ctx)?.load_one(self.0.post_id).await?.map(Post::from))
    }

    /// The connection it goes to.
    async fn connection(&self, ctx: &Context<'_>) -> Result<Connection> {
        let row = loader(ctx)?.load_one(self.0.connection_id).await?;
        Ok(row
            .map(Connection)
            .ok_or_else(|| Error::not_found("connection"))?)
    }

    /// The connection's network.
    async fn network(&self) -> Network {
        self.0.network.into()
    }

    /// The state.
    async fn state(&self) -> TargetState {
        self.0.state.into()
    }

    /// Grows when a person changes it.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it is due.
    async fn due_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// The local time a person chose; empty when it was an instant.
    async fn schedule(&self) -> Option<LocalSchedule> {
        let (local_time, time_zone) = (self.0.local_time?, self.0.time_zone.clone()?);
        Some(LocalSchedule {
            local_time: LocalDateTime(local_time),
            time_zone,
        })
    }

    /// The board (Pinterest); empty when the connection's default is used.
    async fn board_id(&self) -> Option<&str> {
        self.0.settings.board_id.as_deref()
    }

    /// What to do when nobody could publish it at its time.
    async fn misfire_policy(&self) -> MisfirePolicy {
        self.0.misfire.into()
    }

    /// What to do once it is proved that a call whose outcome was unknown published nothing.
    async fn if_absent(&self) -> IfAbsent {
        self.0.if_absent.into()
    }

    /// Tries so far.
    async fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// The network's id of the live post.
    async fn remote_id(&self) -> Option<&str> {
        self.0.remote_id.as_deref()
    }

    /// The live post's public address.
    async fn permalink(&self) -> Option<&str> {
        self.0.permalink.as_deref()
    }

    /// When it went live.
    async fn published_at(&self) -> Option<DateTime<Utc>> {
        self.0.published_at
    }

    /// How the live post does; null until its network was asked for the first time.
    async fn metrics(&self, ctx: &Context<'_>) -> Result<Option<TargetMetrics>> {
        TargetMetrics::of(ctx, self.0.id).await
    }

    /// What went wrong last.
    async fn error(&self) -> Option<TargetError> {
        TargetError::stored(
            self.0.error_code.as_deref(),
            self.0.error_message.as_deref(),
        )
    }

    /// When it is read back next whether it went live, while that is not known.
    async fn next_check_at(&self) -> Option<DateTime<Utc>> {
        self.0
            .reconcile_after
            .filter(|_| self.0.state.is_in_flight())
    }

    /// Seconds from its time until it went live, or until now while it has not; empty without a time.
    async fn late_by_seconds(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        let end = self.0.published_at.unwrap_or(app(ctx)?.now());
        Ok(self.0.due_at.map(|due| (end - due).num_seconds().max(0)))
    }

    /// What happened to it, step by step: the answer to "why?".
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many steps, oldest first, 1 to 500; 100 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor of a step.")] after: Option<String>,
    ) -> Result<Vec<TimelineStep>> {
        let first = first.unwrap_or(100);
        if !(1..=500).contains(&first) {
            let message = format!("{first} is not between 1 and 500.");
            return Err(Error::new(ErrorCode::InvalidPageSize, message)
                .at(["first"])
                .into());
        }
        let after = after.map(|after| page::key(timeline::LIST, &after, "after"));
        let part = StepsOf {
            target: self.0.id,
            after: after.transpose()?.unwrap_or(0),
            first: first.into(),
        };
        let steps = loader(ctx)?.load_one(part).await?.unwrap_or_default();
        Ok(steps.iter().cloned().map(TimelineStep).collect())
    }

    /// What stands in the way of it as things are now; nothing once it is on its way or live.
    #[graphql(complexity = "10 + child_complexity")]
    async fn preflight(&self, ctx: &Context<'_>) -> Result<Preflight> {
        let found = loader(ctx)?.load_one(PreflightOf(self.0.id)).await?;
        Ok(found
            .map(Preflight)
            .ok_or_else(|| Error::not_found("target"))?)
    }

    /// The tries and readings back, oldest first.
    async fn attempts(&self, ctx: &Context<'_>) -> Result<Vec<Attempt>> {
        let attempts = loader(ctx)?
            .load_one(AttemptsOf(self.0.id))
            .await?
            .unwrap_or_default();
        Ok(attempts.iter().cloned().map(Attempt).collect())
    }

    /// What the viewer may do with it now.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<TargetAction>> {
        Ok(engine::target_actions(actor(ctx)?, &self.0)
            .into_iter()
            .map(Into::into)
            .collect())
    }
}
