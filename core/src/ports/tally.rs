use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::error::Result;

/// How often something happened, and when last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub times: u32,
    /// When last.
    pub last: DateTime<Utc>,
}

/// Counts under keys. One that was not added to for a while is forgotten.
#[async_trait]
pub trait Tally: Send + Sync {
    /// What was counted; none when nothing was, or it is forgotten.
    async fn read(&self, key: &str, now: DateTime<Utc>) -> Result<Option<Count>>;

    /// Counts one more, and keeps the count for `kept` from now on.
    async fn add(&self, key: &str, kept: TimeDelta, now: DateTime<Utc>) -> Result<()>;

    /// Forgets a count.
    async fn clear(&self, key: &str) -> Result<()>;
}
