use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::error::Result;

/// How large buckets are and how fast they fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketRule {
    /// What a full bucket holds, in points.
    pub size: u32,
    /// Points that come back each second.
    pub per_second: u32,
}

/// Leaky buckets of points, each under a key. A bucket that was never used is full.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// Takes points if the bucket holds as many, otherwise none. Returns whether, and what it holds now.
    async fn take(
        &self,
        key: &str,
        rule: BucketRule,
        points: u32,
        now: DateTime<Utc>,
    ) -> Result<(bool, i64)>;

    /// Puts points back (never above full), or takes them whatever it holds when negative: below zero
    /// it owes. Returns what it holds now.
    async fn adjust(
        &self,
        key: &str,
        rule: BucketRule,
        points: i64,
        now: DateTime<Utc>,
    ) -> Result<i64>;
}
