use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use posthaste_core::{
    Result,
    ports::{BucketRule, Buckets},
};

/// Most buckets remembered (some 100 bytes each). Beyond that, keys that are new share one bucket, so
/// that inventing addresses fills neither the memory nor many buckets.
const MOST: usize = 100_000;

/// The key that keys beyond [`MOST`] share.
const SHARED: &str = "";

/// Parts of a point that a bucket counts in: what one point per second restores in a microsecond.
const PARTS: i64 = 1_000_000;

/// The buckets of one process, in memory.
#[derive(Debug, Default)]
pub struct LocalBuckets(Mutex<HashMap<String, Bucket>>);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// What it held at `at`, in parts of a point.
    parts: i64,
    at: DateTime<Utc>,
}

impl Bucket {
    fn full(rule: BucketRule, at: DateTime<Utc>) -> Self {
        Self {
            parts: i64::from(rule.size) * PARTS,
            at,
        }
    }

    /// Fills it up to `now`. A clock that was set back costs what would have come meanwhile, no more.
    fn fill(&mut self, rule: BucketRule, now: DateTime<Utc>) {
        let micros = (now - self.at).num_microseconds().unwrap_or(i64::MAX);
        let restored = i64::from(rule.per_second).saturating_mul(micros.max(0));
        let full = Self::full(rule, now);
        self.parts = self.parts.saturating_add(restored).min(full.parts);
        self.at = now;
    }

    /// Whole points.
    fn points(self) -> i64 {
        self.parts.div_euclid(PARTS)
    }
}

impl LocalBuckets {
    /// Lets `use_it` work on the bucket of a key as it stands at `now`.
    fn with<T>(
        &self,
        key: &str,
        rule: BucketRule,
        now: DateTime<Utc>,
        use_it: impl FnOnce(&mut Bucket) -> T,
    ) -> T {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if buckets.len() < MOST || buckets.contains_key(key) {
            key
        } else {
            forget_full(&mut buckets, rule, now);
            if buckets.len() < MOST { key } else { SHARED }
        };
        let bucket = match buckets.get_mut(key) {
            Some(bucket) => bucket,
            None => buckets
                .entry(key.to_owned())
                .or_insert(Bucket::full(rule, now)),
        };
        bucket.fill(rule, now);
        use_it(bucket)
    }
}

/// A full bucket is what a key without one has.
fn forget_full(buckets: &mut HashMap<String, Bucket>, rule: BucketRule, now: DateTime<Utc>) {
    let full = Bucket::full(rule, now).parts;
    buckets.retain(|_, bucket| {
        bucket.fill(rule, now);
        bucket.parts < full
    });
}

#[async_trait]
impl Buckets for LocalBuckets {
    async fn take(
        &self,
        key: &str,
        rule: BucketRule,
        points: u32,
        now: DateTime<Utc>,
    ) -> Result<(bool, i64)> {
        Ok(self.with(key, rule, now, |bucket| {
            let wanted = i64::from(points) * PARTS;
            let enough = bucket.parts >= wanted;
            if enough {
                bucket.parts -= wanted;
            }
            (enough, bucket.points())
        }))
    }

    async fn adjust(
        &self,
        key: &str,
        rule: BucketRule,
        points: i64,
        now: DateTime<Utc>,
    ) -> Result<i64> {
        Ok(self.with(key, rule, now, |bucket| {
            let full = Bucket::full(rule, now).parts;
            let parts = points.saturating_mul(PARTS);
            bucket.parts = bucket.parts.saturating_add(parts).min(full);
            bucket.points()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: BucketRule = BucketRule {
        size: 100,
        per_second: 10,
    };

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_800_000_000_000 + millis).unwrap()
    }

    #[tokio::test]
    async fn a_bucket_empties_and_fills_evenly_to_its_size() {
        let buckets = LocalBuckets::default();
        let take = |points, millis| buckets.take("a", RULE, points, at(millis));
        assert_eq!(take(60, 0).await.unwrap(), (true, 40));
        assert_eq!(take(41, 0).await.unwrap(), (false, 40));
        assert_eq!(take(41, 99).await.unwrap(), (false, 40));
        assert_eq!(take(41, 100).await.unwrap(), (true, 0));
        assert_eq!(take(0, 60_000).await.unwrap(), (true, 100));
        assert_eq!(
            buckets.take("b", RULE, 100, at(60_000)).await.unwrap(),
            (true, 0)
        );
    }

    #[tokio::test]
    async fn what_is_put_back_never_overflows_and_a_debt_is_paid_first() {
        let buckets = LocalBuckets::default();
        let adjust = |points, millis| buckets.adjust("a", RULE, points, at(millis));
        assert_eq!(adjust(5, 0).await.unwrap(), 100);
        assert_eq!(adjust(-130, 0).await.unwrap(), -30);
        assert_eq!(
            buckets.take("a", RULE, 1, at(3_000)).await.unwrap(),
            (false, 0)
        );
        assert_eq!(adjust(20, 3_000).await.unwrap(), 20);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_does_not_stop_the_filling() {
        let buckets = LocalBuckets::default();
        buckets.take("a", RULE, 100, at(86_400_000)).await.unwrap();
        assert_eq!(
            buckets.take("a", RULE, 10, at(0)).await.unwrap(),
            (false, 0)
        );
        assert_eq!(
            buckets.take("a", RULE, 10, at(1_000)).await.unwrap(),
            (true, 0)
        );
    }

    #[tokio::test]
    async fn the_memory_is_bounded() {
        let buckets = LocalBuckets::default();
        for number in 0..MOST {
            let key = number.to_string();
            buckets.take(&key, RULE, 1, at(0)).await.unwrap();
        }
        assert_eq!(
            buckets.take("x", RULE, 60, at(0)).await.unwrap(),
            (true, 40)
        );
        assert_eq!(
            buckets.take("y", RULE, 60, at(0)).await.unwrap(),
            (false, 40)
        );
        assert_eq!(buckets.take("1", RULE, 1, at(0)).await.unwrap(), (true, 98));
        assert_eq!(
            buckets.take("z", RULE, 60, at(60_000)).await.unwrap(),
            (true, 40)
        );
        assert_eq!(buckets.0.lock().unwrap().len(), 1);
    }
}
