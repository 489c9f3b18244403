use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Result,
    ports::{BucketRule, Buckets},
};
use redis::{RedisResult, Script, ScriptInvocation, aio::ConnectionManager};

use super::Redis;
use crate::adapters::LocalBuckets;

/// Parts of a point that a bucket counts in: what one point per second restores in a microsecond.
const PARTS: i64 = 1_000_000;

/// The clocks of nodes differ. One that is behind by less than this fills nothing twice; one that is
/// behind by more was set back, and is believed.
const MOST_SKEW: TimeDelta = TimeDelta::minutes(1);

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("buckets.lua")));

/// The buckets of all processes, in Redis, which fills them by its own clock and forgets those that are full
/// again. While Redis is away each process has its own.
#[derive(Clone, Debug)]
pub struct RedisBuckets {
    redis: Redis,
    alone: Arc<LocalBuckets>,
    by_callers_clock: bool,
}

impl RedisBuckets {
    /// Buckets on a server.
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            alone: Arc::default(),
            by_callers_clock: false,
        }
    }

    /// The same, filled by the clocks of those who ask; for tests, which stop the clock.
    #[must_use]
    pub fn by_callers_clock(self) -> Self {
        Self {
            by_callers_clock: true,
            ..self
        }
    }

    async fn change(
        &self,
        key: &str,
        rule: BucketRule,
        points: i64,
        how: &str,
        now: DateTime<Utc>,
    ) -> Option<(bool, i64)> {
        let key = self.redis.key(&format!("bucket:{key}"));
        let now = self.by_callers_clock.then_some(now);
        let script = script(&key, rule, points, how, now);
        let mut connection = self.redis.connection();
        let asked = script.invoke_async::<(bool, i64)>(&mut connection);
        let (enough, parts) = self.redis.ask(asked).await?;
        Some((enough, parts.div_euclid(PARTS)))
    }
}

/// A call of the script; by the server's clock without a time.
fn script(
    key: &str,
    rule: BucketRule,
    points: i64,
    how: &str,
    now: Option<DateTime<Utc>>,
) -> ScriptInvocation<'static> {
    let now = now.map(|now| now.timestamp_micros().to_string());
    let mut script = SCRIPT.key(key);
    script
        .arg(i64::from(rule.size) * PARTS)
        .arg(rule.per_second)
        .arg(now.unwrap_or_default())
        .arg(points.saturating_mul(PARTS))
        .arg(how)
        .arg(MOST_SKEW.num_microseconds());
    script
}

/// Takes a point from a bucket that nobody uses: an error unless the server takes such changes.
pub(super) async fn try_out(connection: &mut ConnectionManager, key: &str) -> RedisResult<()> {
    let rule = BucketRule {
        size: 1,
        per_second: 1,
    };
    let script = script(key, rule, 1, "take", None);
    script.invoke_async::<(bool, i64)>(connection).await?;
    Ok(())
}

#[async_trait]
impl Buckets for RedisBuckets {
    async fn take(
        &self,
        key: &str,
        rule: BucketRule,
        points: u32,
        now: DateTime<Utc>,
    ) -> Result<(bool, i64)> {
        match self.change(key, rule, i64::from(points), "take", now).await {
            Some(taken) => Ok(taken),
            None => self.alone.take(key, rule, points, now).await,
        }
    }

    async fn adjust(
        &self,
        key: &str,
        rule: BucketRule,
        points: i64,
        now: DateTime<Utc>,
    ) -> Result<i64> {
        match self.change(key, rule, points, "adjust", now).await {
            Some((_, held)) => Ok(held),
            None => self.alone.adjust(key, rule, points, now).await,
        }
    }
}
