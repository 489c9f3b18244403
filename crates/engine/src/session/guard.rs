use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    ports::{Count, Tally},
};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::adapters::LocalTally;

/// Wrong passwords that cost no wait.
const FREE_FAILURES: u32 = 5;

/// The longest wait: nobody can lock a person out for long by guessing.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(60);

/// Failures older than this are forgotten.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::minutes(15);

/// Passwords that are checked at the same time (each takes 19 MiB and some 50 ms of a core).
const AT_ONCE: usize = 2;

/// Slows down guessing of passwords, for each e-mail on its own, and bounds the work of checking
/// them. One for each process; what it counts may be shared.
#[derive(Clone)]
pub struct Guard {
    pub(super) failures: Arc<dyn Tally>,
    pub(super) hashing: Arc<Semaphore>,
}

impl Default for Guard {
    /// Counts in this process.
    fn default() -> Self {
        Self::new(Arc::new(LocalTally::default()))
    }
}

impl Guard {
    /// Counts failures there.
    pub fn new(failures: Arc<dyn Tally>) -> Self {
        Self {
            failures,
            hashing: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Refuses with `RATE_LIMITED` while the e-mail must wait.
    pub(super) async fn enter(&self, email: &str, now: DateTime<Utc>) -> Result<()> {
        let known = self.failures.read(&key(email), now).await?;
        match known.and_then(|known| wait(known, now)) {
            None => Ok(()),
            Some(left) => {
                let seconds = (left.num_milliseconds() as u64).div_ceil(1000);
                let message = format!("Too many wrong passwords. Try again in {seconds} s.");
                Err(Error::new(ErrorCode::RateLimited, message).retry_after(seconds))
            }
        }
    }

    pub(super) async fn failed(&self, email: &str, now: DateTime<Utc>) -> Result<()> {
        self.failures.add(&key(email), FORGOTTEN_AFTER, now).await
    }

    pub(super) async fn succeeded(&self, email: &str) -> Result<()> {
        self.failures.clear(&key(email)).await
    }
}

/// Nobody who looks at the counts learns who signs in.
fn key(email: &str) -> String {
    let digest = Sha256::digest(email.as_bytes());
    format!("sign-in:{}", BASE64_URL_SAFE_NO_PAD.encode(digest))
}

/// How long the next try must wait, if it must.
fn wait(failures: Count, now: DateTime<Utc>) -> Option<TimeDelta> {
    let over = failures.times.checked_sub(FREE_FAILURES)?;
    let wait = TimeDelta::seconds(1 << over.min(6)).min(LONGEST_WAIT);
    Some(failures.last + wait - now).filter(|left| *left > TimeDelta::zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[tokio::test]
    async fn waits_double_after_five_failures_and_end_with_a_success() {
        let guard = Guard::default();
        for _ in 0..4 {
            guard.failed("a@b.c", at(0)).await.unwrap();
        }
        assert!(guard.enter("a@b.c", at(0)).await.is_ok());
        guard.failed("a@b.c", at(0)).await.unwrap();
        assert_eq!(
            guard.enter("a@b.c", at(0)).await.unwrap_err().retry_after,
            Some(1)
        );
        assert!(guard.enter("a@b.c", at(1)).await.is_ok());
        guard.failed("a@b.c", at(1)).await.unwrap();
        guard.failed("a@b.c", at(3)).await.unwrap();
        let error = guard.enter("a@b.c", at(3)).await.unwrap_err();
        assert_eq!(
            (error.code, error.retry_after),
            (ErrorCode::RateLimited, Some(4))
        );
        assert!(guard.enter("other@b.c", at(3)).await.is_ok());
        for _ in 0..50 {
            guard.failed("a@b.c", at(10)).await.unwrap();
        }
        assert_eq!(
            guard.enter("a@b.c", at(10)).await.unwrap_err().retry_after,
            Some(60)
        );
        guard.succeeded("a@b.c").await.unwrap();
        assert!(guard.enter("a@b.c", at(10)).await.is_ok());
    }
}
