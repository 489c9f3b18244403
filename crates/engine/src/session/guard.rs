use std::{net::IpAddr, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    ports::{Count, Tally},
};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::refusal::MOST;
use crate::{adapters::LocalTally, limit::Payer};

/// Wrong passwords for an e-mail that cost no wait.
const FREE_FAILURES: u32 = 5;

/// And from an address, which many people may share.
const FREE_FROM_ADDRESS: u32 = 20;

/// Waits that are each longer than the one before.
const STEPS: u32 = 6;

/// The longest wait: nobody can lock a person out for long by guessing.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(60);

/// Failures older than this are forgotten.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::minutes(15);

/// Passwords that are checked at the same time (each takes 19 MiB and some 50 ms of a core).
const AT_ONCE: usize = 2;

/// Slows down guessing of passwords, for each e-mail and each address on its own, and bounds the work of checking
/// them. One for each process; what it counts may be shared.
#[derive(Clone)]
pub struct Guard {
    pub(super) failures: Arc<dyn Tally>,
    hashing: Arc<Semaphore>,
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

    /// Refuses with `RATE_LIMITED` while the e-mail or the address must wait.
    pub(crate) async fn enter(
        &self,
        email: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.pass(keys(email, address), "passwords", now).await
    }

    /// As [`Guard::enter`], while nobody knows yet who somebody says they are.
    pub(crate) async fn enter_from(
        &self,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.pass(key_of_address(address), "sign-ins", now).await
    }

    async fn pass(
        &self,
        keys: impl Iterator<Item = (String, u32)>,
        what: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut left = None;
        for (key, free) in keys {
            let known = self.failures.read(&key, now).await?;
            left = left.max(known.and_then(|known| wait(known, free, now)));
        }
        let Some(left) = left else {
            return Ok(());
        };
        let seconds = (left.num_milliseconds() as u64).div_ceil(1000);
        let message = format!("Too many wrong {what}. Try again in {seconds} s.");
        Err(Error::new(ErrorCode::RateLimited, message).retry_after(seconds))
    }

    /// Counts a failure of an address alone.
    pub(crate) async fn failed_from(
        &self,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        for (key, _) in key_of_address(address) {
            self.failures.add(&key, FORGOTTEN_AFTER, now).await?;
        }
        Ok(())
    }

    /// Waits for a place to check a password in; it is free again when dropped.
    pub(super) async fn place(&self) -> Result<SemaphorePermit<'_>> {
        self.hashing.acquire().await.map_err(Error::internal)
    }

    /// Counts a failure; how many there are by now.
    pub(super) async fn failed(
        &self,
        email: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Failures> {
        let mut counted = [0; 2];
        for (count, (key, _)) in counted.iter_mut().zip(keys(email, address)) {
            self.failures.add(&key, FORGOTTEN_AFTER, now).await?;
            let known = self.failures.read(&key, now).await?;
            *count = known.map_or(0, |known| known.times);
        }
        let [of_email, of_address] = counted;
        Ok(Failures {
            of_email,
            of_address,
        })
    }

    /// Forgets the failures for an e-mail. Those of the address stay: whoever guesses could sign in as themselves.
    pub(crate) async fn succeeded(&self, email: &str) -> Result<()> {
        self.failures.clear(&of_email(email)).await
    }

    /// The number of the next entry about refusals in an hour; none when there were enough.
    pub(super) async fn entry(&self, hour: i64, now: DateTime<Utc>) -> Result<Option<u32>> {
        let key = format!("sign-in-entries:{hour}");
        self.failures.add(&key, TimeDelta::hours(1), now).await?;
        let count = self.failures.read(&key, now).await?;
        Ok(count.map(|count| count.times).filter(|n| *n <= MOST))
    }
}

/// How many wrong passwords there were, the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failures {
    pub of_email: u32,
    pub of_address: u32,
}

impl Failures {
    /// Whether it is the first for an e-mail, or the next wait is longer than the one before.
    pub fn is_step(self) -> bool {
        let is_longer = |failures: u32, free| (free..=free + STEPS).contains(&failures);
        self.of_email == 1
            || is_longer(self.of_email, FREE_FAILURES)
            || is_longer(self.of_address, FREE_FROM_ADDRESS)
    }
}

/// What is counted under which key, and how much of it is free.
fn keys(email: &str, address: Option<IpAddr>) -> impl Iterator<Item = (String, u32)> {
    std::iter::once((of_email(email), FREE_FAILURES)).chain(key_of_address(address))
}

fn key_of_address(address: Option<IpAddr>) -> impl Iterator<Item = (String, u32)> {
    let from = address.map(|address| (of_address(address), FREE_FROM_ADDRESS));
    from.into_iter()
}

/// Nobody who looks at the counts learns who signs in.
fn of_email(email: &str) -> String {
    let digest = Sha256::digest(email.as_bytes());
    format!("sign-in:{}", BASE64_URL_SAFE_NO_PAD.encode(digest))
}

fn of_address(address: IpAddr) -> String {
    let payer = Payer::new(None, Some(address));
    format!("sign-in:{}", payer.as_str())
}

/// How long the next try must wait, if it must.
fn wait(failures: Count, free: u32, now: DateTime<Utc>) -> Option<TimeDelta> {
    let over = failures.times.checked_sub(free)?;
    let wait = TimeDelta::seconds(1 << over.min(STEPS)).min(LONGEST_WAIT);
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
        let failed = async |at| guard.failed("a@b.c", None, at).await.unwrap();
        let wait = async |at| {
            let entered = guard.enter("a@b.c", None, at).await;
            entered.err().and_then(|error| error.retry_after)
        };
        for _ in 0..4 {
            failed(at(0)).await;
        }
        assert_eq!(wait(at(0)).await, None);
        failed(at(0)).await;
        assert_eq!(wait(at(0)).await, Some(1));
        assert_eq!(wait(at(1)).await, None);
        failed(at(1)).await;
        failed(at(3)).await;
        assert_eq!(wait(at(3)).await, Some(4));
        let error = guard.enter("a@b.c", None, at(3)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::RateLimited);
        assert!(guard.enter("other@b.c", None, at(3)).await.is_ok());
        for _ in 0..50 {
            failed(at(10)).await;
        }
        assert_eq!(wait(at(10)).await, Some(60));
        guard.succeeded("a@b.c").await.unwrap();
        assert_eq!(wait(at(10)).await, None);
    }

    #[tokio::test]
    async fn an_address_waits_after_twenty_failures_whatever_the_e_mails_and_a_success_changes_nothing()
     {
        let guard = Guard::default();
        let from = |text: &str| Some(text.parse().unwrap());
        let (here, other) = (from("2001:db8::1"), from("2001:db8:0:1::1"));
        for number in 0..20 {
            let email = format!("{number}@b.c");
            assert!(guard.enter(&email, here, at(0)).await.is_ok());
            guard.failed(&email, here, at(0)).await.unwrap();
        }
        guard.succeeded("0@b.c").await.unwrap();
        let neighbour = from("2001:db8::ffff:2");
        let error = guard.enter("new@b.c", neighbour, at(0)).await.unwrap_err();
        assert_eq!(error.retry_after, Some(1));
        assert!(guard.enter("new@b.c", other, at(0)).await.is_ok());
        assert!(guard.enter("new@b.c", None, at(0)).await.is_ok());
        assert!(guard.enter("new@b.c", here, at(1)).await.is_ok());
    }

    #[test]
    fn the_first_failure_and_each_longer_wait_are_steps() {
        let steps = |failures: fn(u32) -> Failures| {
            let all = (1..=100).filter(|n| failures(*n).is_step());
            all.collect::<Vec<u32>>()
        };
        let of_email = steps(|n| Failures {
            of_email: n,
            of_address: 0,
        });
        assert_eq!(of_email, [1, 5, 6, 7, 8, 9, 10, 11]);
        let of_address = steps(|n| Failures {
            of_email: 2,
            of_address: n,
        });
        assert_eq!(of_address, [20, 21, 22, 23, 24, 25, 26]);
    }

    #[tokio::test]
    async fn an_hour_has_so_many_entries_and_no_more() {
        let guard = Guard::default();
        for number in 1..=MOST {
            assert_eq!(guard.entry(7, at(0)).await.unwrap(), Some(number));
        }
        assert_eq!(guard.entry(7, at(0)).await.unwrap(), None);
        assert_eq!(guard.entry(8, at(0)).await.unwrap(), Some(1));
    }
}
