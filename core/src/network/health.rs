//! How a network does, seen from here.

use chrono::{DateTime, TimeDelta, Utc};

/// Tries older than this no longer tell how a network does.
pub const LATELY: TimeDelta = TimeDelta::minutes(15);

/// Fewer failures than this are chance.
const LEAST_FAILURES: i64 = 3;

/// How a network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It takes posts.
    Operational,
    /// Some tries fail, or it asks the whole app to wait.
    Degraded,
    /// Nothing gets through.
    Down,
}

/// What is known about a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Since when the breaker has not been closed.
    pub down_since: Option<DateTime<Utc>>,
    /// Since when and until when the app as a whole must wait.
    pub wait: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Tries of the last [`LATELY`] that the network was asked in.
    pub tries: i64,
    /// Those of them that it answered with errors or not at all.
    pub failures: i64,
    /// When the first of those began.
    pub failing_since: Option<DateTime<Utc>>,
}

/// How a network does, and since when, where that is not as it should be:
///
/// - down when the breaker is not closed, or when three tries and more failed and none came through;
/// - degraded when the app as a whole must wait, or when three tries and more failed and these are a
///   quarter of all at least;
/// - operational otherwise, without any tries too.
pub fn judge(signs: &Signs, now: DateTime<Utc>) -> (Status, Option<DateTime<Utc>>) {
    let fails = signs.failures >= LEAST_FAILURES;
    if signs.down_since.is_some() {
        (Status::Down, signs.down_since)
    } else if fails && signs.failures == signs.tries {
        (Status::Down, signs.failing_since)
    } else if let Some((since, _)) = signs.wait.filter(|(_, until)| *until > now) {
        (Status::Degraded, Some(since))
    } else if fails && signs.failures * 4 >= signs.tries {
        (Status::Degraded, signs.failing_since)
    } else {
        (Status::Operational, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minute)
    }

    fn tried(tries: i64, failures: i64) -> Signs {
        Signs {
            tries,
            failures,
            failing_since: Some(at(-9)),
            ..Signs::default()
        }
    }

    #[test]
    fn few_failures_and_few_among_many_are_chance() {
        for signs in [
            Signs::default(),
            tried(5, 0),
            tried(2, 2),
            tried(13, 3),
            tried(400, 99),
        ] {
            assert_eq!(judge(&signs, at(0)), (Status::Operational, None));
        }
    }

    #[test]
    fn a_quarter_is_degraded_and_all_is_down() {
        for (signs, status) in [
            (tried(12, 3), Status::Degraded),
            (tried(4, 3), Status::Degraded),
            (tried(3, 3), Status::Down),
            (tried(20, 20), Status::Down),
        ] {
            assert_eq!(judge(&signs, at(0)), (status, Some(at(-9))));
        }
    }

    #[test]
    fn a_breaker_counts_before_all_and_a_wait_until_it_is_over() {
        let waiting = Signs {
            wait: Some((at(-2), at(5))),
            ..tried(40, 10)
        };
        assert_eq!(judge(&waiting, at(0)), (Status::Degraded, Some(at(-2))));
        assert_eq!(judge(&waiting, at(5)), (Status::Degraded, Some(at(-9))));
        let open = Signs {
            down_since: Some(at(-30)),
            ..waiting
        };
        assert_eq!(judge(&open, at(0)), (Status::Down, Some(at(-30))));
    }
}
