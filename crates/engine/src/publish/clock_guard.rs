use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use chrono::{DateTime, TimeDelta, Utc};

/// Clock and database may differ by this much, and the clock may move so far against the machine's steady
/// one: what is further off publishes too early.
const DIFFERENCE: TimeDelta = TimeDelta::seconds(10);

/// Stops claiming while the clock cannot be trusted: one that jumps ahead must not publish
/// tomorrow's posts today.
pub(super) struct ClockGuard {
    last: Mutex<(Instant, DateTime<Utc>)>,
    trusted: AtomicBool,
    compared: AtomicBool,
}

impl ClockGuard {
    /// A clock is trusted once it was compared: a process may begin with a wrong one.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            last: (Instant::now(), now).into(),
            trusted: AtomicBool::new(false),
            compared: AtomicBool::new(false),
        }
    }

    /// Whether targets may be judged due.
    pub fn is_trusted(&self) -> bool {
        self.trusted.load(Ordering::Relaxed)
    }

    /// Notices a jump at once, without asking anybody.
    pub fn tick(&self, now: DateTime<Utc>) {
        let mut last = self.last();
        let steady = TimeDelta::from_std(last.0.elapsed()).unwrap_or_default();
        let drift = (now - last.1) - steady;
        *last = (Instant::now(), now);
        if drift.abs() > DIFFERENCE && self.trusted.swap(false, Ordering::Relaxed) {
            tracing::error!(
                seconds = drift.num_seconds(),
                "the clock jumped; nothing is claimed until it agrees with the database"
            );
        }
    }

    /// Compares with the database's clock; agreement restores trust.
    pub fn compare(&self, now: DateTime<Utc>, database: DateTime<Utc>) {
        let difference = now - database;
        let agrees = difference.abs() <= DIFFERENCE;
        if agrees {
            // What it was put right by is no jump.
            *self.last() = (Instant::now(), now);
        }
        let before = self.trusted.swap(agrees, Ordering::Relaxed);
        let seconds = difference.num_seconds();
        let doubted = self.compared.swap(true, Ordering::Relaxed) && !before;
        match (doubted, agrees) {
            (true, true) => tracing::info!(seconds, "the clock agrees with the database's again"),
            (false, false) => tracing::error!(
                seconds,
                "the clock differs from the database's; nothing is claimed until it agrees"
            ),
            (true, false) | (false, true) => {}
        }
    }

    fn last(&self) -> MutexGuard<'_, (Instant, DateTime<Utc>)> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_or_a_difference_ends_trust_until_the_database_agrees() {
        let start: DateTime<Utc> = "2027-01-04T08:00:00Z".parse().unwrap();
        let guard = ClockGuard::new(start);
        assert!(!guard.is_trusted());
        guard.compare(start, start);
        guard.tick(start + TimeDelta::seconds(5));
        assert!(guard.is_trusted());
        guard.tick(start + TimeDelta::hours(2));
        assert!(!guard.is_trusted());
        guard.compare(start + TimeDelta::hours(2), start);
        assert!(!guard.is_trusted());
        guard.compare(start, start + TimeDelta::seconds(9));
        assert!(guard.is_trusted());
        guard.compare(start, start + TimeDelta::seconds(11));
        assert!(!guard.is_trusted());
        // Put right by the database, it goes on from there.
        let right = start + TimeDelta::hours(1);
        guard.compare(right, right);
        guard.tick(right + TimeDelta::seconds(9));
        assert!(guard.is_trusted());
        guard.tick(right + TimeDelta::seconds(20));
        assert!(!guard.is_trusted());
    }
}
