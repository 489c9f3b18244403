use chrono::{DateTime, TimeDelta, Utc};

use crate::ports::Random;

/// Waits after failed tries; when they are used up the delivery has failed.
pub const RETRIES: [TimeDelta; 8] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(6),
    TimeDelta::hours(24),
];

/// Tries of one endpoint at the same time.
pub const AT_ONCE: i32 = 4;

/// An endpoint is paused after this many failed tries without a success in between …
pub const AFTER_TRIES: i32 = 10;

/// … that lie at least this far apart.
pub const FAILING_FOR: TimeDelta = TimeDelta::hours(24);

/// How often a paused endpoint is probed with one delivery.
pub const PROBE_EVERY: TimeDelta = TimeDelta::hours(1);

/// The longest wait that a receiver may ask for by `Retry-After`.
pub const LONGEST_ASKED: TimeDelta = TimeDelta::hours(24);

/// The wait after the `tries`-th failed try (from 1), a fifth shorter or longer; none after the last.
pub fn wait(tries: i32, random: &dyn Random) -> Option<TimeDelta> {
    let index = usize::try_from(tries.max(1) - 1).ok()?;
    RETRIES.get(index).map(|wait| random.around(*wait))
}

/// How an endpoint has been doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Failed tries since the last success.
    pub failures: i32,
    /// When the first of them failed.
    pub failing_since: Option<DateTime<Utc>>,
}

impl Standing {
    /// Nothing has failed since the last success.
    pub const WELL: Self = Self {
        failures: 0,
        failing_since: None,
    };

    /// After one more failed try.
    pub fn failed(self, now: DateTime<Utc>) -> Self {
        Self {
            failures: self.failures.saturating_add(1),
            failing_since: self.failing_since.or(Some(now)),
        }
    }

    /// Whether it has failed so often and for so long that it is paused.
    pub fn is_hopeless(self, now: DateTime<Utc>) -> bool {
        self.failures >= AFTER_TRIES
            && self
                .failing_since
                .is_some_and(|since| now - since >= FAILING_FOR)
    }
}

/// What a failed try means for its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Tried again at this time.
    Again(DateTime<Utc>),
    /// Not tried again by itself.
    Failed,
}

/// What becomes of a delivery after its `tries`-th failed try. The receiver may have `asked` for a longer
/// wait. `stays_open` while its endpoint is not enabled: then tries are not used up.
pub fn after_failure(
    tries: i32,
    asked: Option<TimeDelta>,
    stays_open: bool,
    now: DateTime<Utc>,
    random: &dyn Random,
) -> Fate {
    let asked = asked.map(|wait| wait.min(LONGEST_ASKED));
    match wait(tries, random) {
        Some(wait) => Fate::Again(now + asked.map_or(wait, |asked| asked.max(wait))),
        None if stays_open => Fate::Again(now),
        None => Fate::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SeededRandom;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_799_049_600, 0).unwrap() + TimeDelta::hours(hours)
    }

    #[test]
    fn waits_grow_from_five_seconds_to_a_day_and_end() {
        let random = SeededRandom::new(1);
        for (index, base) in RETRIES.iter().enumerate() {
            let wait = wait(index as i32 + 1, &random).unwrap();
            assert!(*base * 4 / 5 <= wait && wait <= *base * 6 / 5, "{wait}");
        }
        assert_eq!(wait(9, &random), None);
        let last = |stays_open| after_failure(9, None, stays_open, at(0), &random);
        assert_eq!(last(false), Fate::Failed);
        assert_eq!(last(true), Fate::Again(at(0)));
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_up_to_a_day_and_not_for_less() {
        let random = SeededRandom::new(1);
        let asks = |tries, hours| {
            let asked = Some(TimeDelta::hours(hours));
            after_failure(tries, asked, false, at(0), &random)
        };
        assert_eq!(asks(1, 3), Fate::Again(at(3)));
        assert_eq!(asks(1, 400), Fate::Again(at(24)));
        let Fate::Again(own) = asks(7, 1) else {
            panic!("there are tries left");
        };
        assert!(own > at(4), "{own}");
        assert_eq!(asks(9, 3), Fate::Failed);
    }

    #[test]
    fn an_endpoint_is_hopeless_after_ten_failures_over_a_day() {
        let mut standing = Standing::WELL;
        for _ in 0..9 {
            standing = standing.failed(at(0));
        }
        assert!(!standing.is_hopeless(at(48)), "nine are too few");
        standing = standing.failed(at(20));
        assert_eq!(standing.failing_since, Some(at(0)));
        assert!(!standing.is_hopeless(at(20)), "a day has not passed");
        assert!(standing.is_hopeless(at(24)));
        assert!(!Standing::WELL.is_hopeless(at(24)));
    }
}
