use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_engine::limit::{Level, Payer};

use crate::graphql::context::both;

/// How much the credential may still ask for, in points. Every answer says the same in
/// `extensions.cost` and in the headers `RateLimit` and `RateLimit-Policy`.
#[derive(SimpleObject)]
pub struct RateLimitStatus {
    /// What a full bucket holds.
    maximum: u32,
    /// What is left, with the estimate of this request taken off.
    available: u32,
    /// Points that come back each second.
    restore_rate: u32,
    /// When the bucket is full again if nothing more is asked for.
    resets_at: DateTime<Utc>,
}

impl From<Level> for RateLimitStatus {
    fn from(level: Level) -> Self {
        Self {
            maximum: level.maximum,
            available: level.available,
            restore_rate: level.restore_rate,
            resets_at: level.resets_at,
        }
    }
}

/// Reads of the limits.
#[derive(Default)]
pub struct CostQuery;

#[Object]
impl CostQuery {
    /// How much the credential may still ask for; empty on a server without limits.
    async fn rate_limit_status(&self, ctx: &Context<'_>) -> Result<Option<RateLimitStatus>> {
        let (app, actor) = both(ctx)?;
        let payer = Payer::new(Some(actor), None);
        let level = app.limits.level(&payer, app.now()).await?;
        Ok(level.map(RateLimitStatus::from))
    }
}
