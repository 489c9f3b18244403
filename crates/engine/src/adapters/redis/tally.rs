use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Result,
    ports::{Count, Tally},
};

use super::Redis;
use crate::adapters::LocalTally;

/// Counts of all processes, in Redis, which forgets them in time. While Redis is away each process
/// counts for itself.
#[derive(Clone, Debug)]
pub struct RedisTally {
    redis: Redis,
    alone: Arc<LocalTally>,
}

impl RedisTally {
    /// Counts on a server.
    pub fn new(redis: Redis) -> Self {
        Self {
            redis,
            alone: Arc::default(),
        }
    }

    fn key(&self, key: &str) -> String {
        self.redis.key(&format!("tally:{key}"))
    }
}

#[async_trait]
impl Tally for RedisTally {
    async fn read(&self, key: &str, now: DateTime<Utc>) -> Result<Option<Count>> {
        let mut connection = self.redis.connection();
        let mut command = redis::cmd("HMGET");
        command.arg(self.key(key)).arg("times").arg("last");
        let asked = command.query_async::<(Option<u32>, Option<i64>)>(&mut connection);
        Ok(match self.redis.ask(asked).await {
            Some((times, last)) => times
                .zip(last.and_then(DateTime::from_timestamp_micros))
                .map(|(times, last)| Count { times, last }),
            None => self.alone.read(key, now).await?,
        })
    }

    async fn add(&self, key: &str, kept: TimeDelta, now: DateTime<Utc>) -> Result<()> {
        let mut connection = self.redis.connection();
        let name = self.key(key);
        let mut commands = redis::pipe();
        commands
            .atomic()
            .cmd("HINCRBY")
            .arg(&name)
            .arg("times")
            .arg(1)
            .ignore()
            .cmd("HSET")
            .arg(&name)
            .arg("last")
            .arg(now.timestamp_micros())
            .ignore()
            .cmd("PEXPIRE")
            .arg(&name)
            .arg(kept.num_milliseconds())
            .ignore();
        let asked = commands.query_async::<()>(&mut connection);
        match self.redis.ask(asked).await {
            Some(()) => Ok(()),
            None => self.alone.add(key, kept, now).await,
        }
    }

    async fn clear(&self, key: &str) -> Result<()> {
        let mut connection = self.redis.connection();
        let mut command = redis::cmd("DEL");
        command.arg(self.key(key));
        let asked = command.query_async::<()>(&mut connection);
        self.redis.ask(asked).await;
        self.alone.clear(key).await
    }
}
