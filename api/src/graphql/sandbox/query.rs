use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_engine::{
    mail,
    sandbox::{self as engine, Scenario},
};

use super::{fault::SandboxFault, mail::SandboxMail};
use crate::graphql::context::both;

/// A situation that a program should cope with.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Scenario")]
pub enum SandboxScenarioName {
    /// All goes well.
    Happy,
    /// Each network refuses the next three posts with a rate limit of 30 seconds.
    RateLimited,
    /// Each account's access expires at its next call; the first account's is revoked and must be
    /// reconnected.
    ExpiringTokens,
    /// Networks are slow, answer with errors, and cut connections.
    FlakyNetwork,
    /// The workspace has twenty-five accounts on each network and a year of posts.
    BigAccount,
}

/// The clock of a sandbox: of the API, the workers and the networks alike.
#[derive(SimpleObject)]
pub struct SandboxClock {
    /// What time it is.
    now: DateTime<Utc>,
    /// How many seconds it is ahead of the machine's.
    offset_seconds: f64,
}

impl From<engine::Clock> for SandboxClock {
    fn from(clock: engine::Clock) -> Self {
        Self {
            now: clock.now,
            offset_seconds: clock.offset_ms as f64 / 1000.0,
        }
    }
}

/// This sandbox.
pub struct Sandbox {
    networks_url: String,
}

/// This sandbox.
#[Object]
impl Sandbox {
    /// Where the simulated networks show what was posted.
    async fn networks_url(&self) -> &str {
        &self.networks_url
    }

    /// The clock.
    async fn clock(&self, ctx: &Context<'_>) -> Result<SandboxClock> {
        let (app, actor) = both(ctx)?;
        Ok(engine::clock(app, actor).await?.into())
    }

    /// The scenario that was played last.
    async fn scenario(&self, ctx: &Context<'_>) -> Result<SandboxScenarioName> {
        let (app, actor) = both(ctx)?;
        Ok(engine::scenario(app, actor).await?.into())
    }

    /// The faults that wait for calls.
    async fn faults(&self, ctx: &Context<'_>) -> Result<Vec<SandboxFault>> {
        let (app, actor) = both(ctx)?;
        let faults = engine::faults(app, actor).await?;
        Ok(faults.into_iter().map(SandboxFault::from).collect())
    }

    /// The newest mails to people, newest first: those that tell of this workspace or of people alone. `/mailbox` shows
    /// all of the sandbox.
    async fn mails(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those to this address.")] to: Option<String>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
    ) -> Result<Vec<SandboxMail>> {
        let (app, actor) = both(ctx)?;
        let first = i64::from(first.clamp(1, 100));
        let mails = mail::mailbox(app, actor, to.as_deref(), first).await?;
        Ok(mails.into_iter().map(SandboxMail::from).collect())
    }
}

impl Sandbox {
    /// The sandbox, where there is one.
    pub fn find(ctx: &Context<'_>) -> Result<Option<Self>> {
        let (app, actor) = both(ctx)?;
        let url = engine::networks_url(app, actor)?;
        Ok(url.map(|url| Self {
            networks_url: url.to_owned(),
        }))
    }
}

/// Reads about the sandbox.
#[derive(Default)]
pub struct SandboxQuery;

#[Object]
impl SandboxQuery {
    /// This sandbox; null where the networks are real.
    async fn sandbox(&self, ctx: &Context<'_>) -> Result<Option<Sandbox>> {
        Sandbox::find(ctx)
    }
}
