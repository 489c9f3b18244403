use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// A clock that the database puts right still differs by this much when one of the two cannot be trusted.
const DIFFERENCE: TimeDelta = TimeDelta::seconds(10);

/// Stops claiming while the clock cannot be trusted: one that is ahead must not publish tomorrow's posts today.
pub(super) struct ClockGuard {
    trusted: AtomicBool,
    compared: AtomicBool,
}

impl ClockGuard {
    /// A clock is trusted once it was compared: a process may begin with a wrong one.
    pub fn new() -> Self {
        Self {
            trusted: AtomicBool::new(false),
            compared: AtomicBool::new(false),
        }
    }

    /// Whether targets may be judged due.
    pub fn is_trusted(&self) -> bool {
        self.trusted.load(Ordering::Relaxed)
    }

    /// Compares with the database's clock; agreement restores trust.
    pub fn compare(&self, now: DateTime<Utc>, database: DateTime<Utc>) {
        let difference = now - database;
        let agrees = difference.abs() <= DIFFERENCE;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_ends_trust_until_the_database_agrees() {
        let start: DateTime<Utc> = "2027-01-04T08:00:00Z".parse().unwrap();
        let guard = ClockGuard::new();
        assert!(!guard.is_trusted());
        guard.compare(start, start);
        assert!(guard.is_trusted());
        guard.compare(start + TimeDelta::hours(2), start);
        assert!(!guard.is_trusted());
        guard.compare(start, start + TimeDelta::seconds(9));
        assert!(guard.is_trusted());
        guard.compare(start, start + TimeDelta::seconds(11));
        assert!(!guard.is_trusted());
    }
}
