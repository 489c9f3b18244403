use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Result,
    ports::{BucketRule, Buckets},
};
use redis::Script;

use super::Redis;
use crate::adapters::LocalBuckets;

/// Parts of a point that a bucket counts in: what one point per second restores in a microsecond.
const PARTS: i64 = 1_000_000;

/// The clocks of nodes differ. One that is behind by less than this fills nothing twice; one that is
/// behind by more was set back, and is believed.
const MOST_SKEW: TimeDelta = TimeDelta::minutes(1);

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("buckets.lua")));

/// The buckets of all processes, in Redis, which forgets those that are full again. While Redis is away
/// each process has its own.
#[derive(Clone, Debug)]
pub struct RedisBuckets {
    redis: Redis,
    alone: Arc<LocalBuckets>,
}

impl RedisBuckets {
    /// Buckets on a server.
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            alone: Arc::default(),
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
        let mut script = SCRIPT.key(self.redis.key(&format!("bucket:{key}")));
        script
            .arg(i64::from(rule.size) * PARTS)
            .arg(rule.per_second)
            .arg(now.timestamp_micros())
            .arg(points.saturating_mul(PARTS))
            .arg(how)
            .arg(MOST_SKEW.num_microseconds());
        let mut connection = self.redis.connection();
        let asked = script.invoke_async::<(bool, i64)>(&mut connection);
        let (enough, parts) = self.redis.ask(asked).await?;
        Some((enough, parts.div_euclid(PARTS)))
    }
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
