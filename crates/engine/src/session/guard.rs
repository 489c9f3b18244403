use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Error, ErrorCode, Result};
use tokio::sync::Semaphore;

/// Wrong passwords that cost no wait.
const FREE_FAILURES: u32 = 5;

/// The longest wait: nobody can lock a person out for long by guessing.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(60);

/// Failures older than this are forgotten.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::minutes(15);

/// E-mails remembered at most, so that guessing names does not fill the memory.
const MOST_EMAILS: usize = 10_000;

/// Passwords that are checked at the same time (each takes 19 MiB and some 50 ms of a core).
const AT_ONCE: usize = 2;

/// Slows down guessing of passwords, for each e-mail on its own, and bounds the work of checking
/// them. One for each process.
#[derive(Debug)]
pub struct Guard {
    failures: Mutex<HashMap<String, Failures>>,
    pub(super) hashing: Semaphore,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: DateTime<Utc>,
}

impl Failures {
    fn wait(self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let over = self.count.checked_sub(FREE_FAILURES)?;
        let wait = TimeDelta::seconds(1 << over.min(6)).min(LONGEST_WAIT);
        Some(self.last + wait - now).filter(|left| *left > TimeDelta::zero())
    }
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            failures: Mutex::default(),
            hashing: Semaphore::new(AT_ONCE),
        }
    }
}

impl Guard {
    /// Refuses with `RATE_LIMITED` while the e-mail must wait.
    pub(super) fn enter(&self, email: &str, now: DateTime<Utc>) -> Result<()> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.get(email).and_then(|known| known.wait(now)) {
            None => Ok(()),
            Some(left) => {
                let seconds = (left.num_milliseconds() as u64).div_ceil(1000);
                let message = format!("Too many wrong passwords. Try again in {seconds} s.");
                Err(Error::new(ErrorCode::RateLimited, message).retry_after(seconds))
            }
        }
    }

    pub(super) fn failed(&self, email: &str, now: DateTime<Utc>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, known| now - known.last < FORGOTTEN_AFTER);
        if failures.len() >= MOST_EMAILS && !failures.contains_key(email) {
            return;
        }
        let known = failures.entry(email.to_owned()).or_insert(Failures {
            count: 0,
            last: now,
        });
        known.count += 1;
        known.last = now;
    }

    pub(super) fn succeeded(&self, email: &str) {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(email);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn waits_double_after_five_failures_and_end_with_a_success() {
        let guard = Guard::default();
        for _ in 0..4 {
            guard.failed("a@b.c", at(0));
        }
        assert!(guard.enter("a@b.c", at(0)).is_ok());
        guard.failed("a@b.c", at(0));
        assert_eq!(
            guard.enter("a@b.c", at(0)).unwrap_err().retry_after,
            Some(1)
        );
        assert!(guard.enter("a@b.c", at(1)).is_ok());
        guard.failed("a@b.c", at(1));
        guard.failed("a@b.c", at(3));
        let error = guard.enter("a@b.c", at(3)).unwrap_err();
        assert_eq!(
            (error.code, error.retry_after),
            (ErrorCode::RateLimited, Some(4))
        );
        assert!(guard.enter("other@b.c", at(3)).is_ok());
        for _ in 0..50 {
            guard.failed("a@b.c", at(10));
        }
        assert_eq!(
            guard.enter("a@b.c", at(10)).unwrap_err().retry_after,
            Some(60)
        );
        guard.succeeded("a@b.c");
        assert!(guard.enter("a@b.c", at(10)).is_ok());
    }

    #[test]
    fn the_memory_is_bounded() {
        let guard = Guard::default();
        for number in 0..MOST_EMAILS + 10 {
            guard.failures.lock().unwrap().insert(
                number.to_string(),
                Failures {
                    count: 1,
                    last: at(0),
                },
            );
        }
        guard.failed("new", at(1));
        assert!(!guard.failures.lock().unwrap().contains_key("new"));
        guard.failed("new", at(3600));
        assert_eq!(guard.failures.lock().unwrap().len(), 1);
    }
}
