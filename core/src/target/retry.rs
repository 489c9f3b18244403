use std::time::Duration;

use chrono::TimeDelta;

use crate::ports::Random;

/// Tries after which a target fails.
pub const MAX_ATTEMPTS: i32 = 8;

/// Waits between tries (publishing.md, Queue, Times).
pub const BACK_OFF: [TimeDelta; 8] = [
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(8),
    TimeDelta::minutes(20),
    TimeDelta::hours(1),
    TimeDelta::hours(2),
    TimeDelta::hours(4),
    TimeDelta::hours(8),
];

/// The longest time that waits may be divided by ([`Timing::pace`]).
pub const MOST_PACE: u32 = 20;

/// The wait after the `attempt`-th try (from 1), a fifth shorter or longer.
pub fn back_off(attempt: i32, random: &dyn Random) -> TimeDelta {
    let index = (attempt.max(1) as usize - 1).min(BACK_OFF.len() - 1);
    random.around(BACK_OFF[index])
}

/// The time limits of publishing; a network may have a settle time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long a worker holds a line without a sign of life.
    pub lease: Duration,
    /// Replaces every network's own settle time before a read-back (the sandbox knows its lag).
    pub settle: Option<Duration>,
    /// How long one call may take.
    pub call: Duration,
    /// How often lost leases are looked for.
    pub sweep: Duration,
    /// How often due lines are looked for without a hint.
    pub poll: Duration,
    /// Every wait that stands elsewhere in the code is divided by this; 1 but in a fault suite.
    pub pace: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(90),
            settle: None,
            call: Duration::from_secs(30),
            sweep: Duration::from_secs(5),
            poll: Duration::from_secs(1),
            pace: 1,
        }
    }
}

impl Timing {
    /// The same proportions in a fraction of the time.
    pub fn at_pace(self, pace: u32) -> Self {
        let pace = pace.clamp(1, MOST_PACE);
        Self {
            lease: self.lease / pace,
            settle: self.settle.map(|settle| settle / pace),
            call: self.call / pace,
            sweep: self.sweep / pace,
            poll: self.poll / pace,
            pace,
        }
    }

    /// A wait at this pace.
    pub fn paced(&self, wait: TimeDelta) -> TimeDelta {
        wait / self.pace.max(1) as i32
    }

    /// [`back_off`] at this pace.
    pub fn back_off(&self, attempt: i32, random: &dyn Random) -> TimeDelta {
        self.paced(back_off(attempt, random))
    }
}

/// When to read back after `misses` readings without a find: 1×, 2×, 4× the settle time.
pub fn read_back_delay(settle: Duration, misses: i32) -> Duration {
    settle * 2u32.pow(misses.clamp(0, 4) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SeededRandom;

    #[test]
    fn waits_grow_and_stay_within_a_fifth() {
        let random = SeededRandom::new(1);
        for attempt in 1..=10 {
            let base = BACK_OFF[(attempt as usize - 1).min(7)].num_milliseconds() as f64;
            let wait = back_off(attempt, &random).num_milliseconds() as f64;
            assert!(
                (0.8 * base - 1.0..1.2 * base).contains(&wait),
                "{attempt}: {wait}"
            );
        }
    }

    #[test]
    fn a_pace_divides_every_wait() {
        let usual = Timing {
            settle: Some(Duration::from_mins(1)),
            ..Timing::default()
        };
        let quick = usual.at_pace(5);
        assert_eq!(quick.lease, Duration::from_secs(18));
        assert_eq!(quick.settle, Some(Duration::from_secs(12)));
        assert_eq!(quick.paced(TimeDelta::minutes(1)), TimeDelta::seconds(12));
        let waits = [usual, quick].map(|timing| timing.back_off(3, &SeededRandom::new(1)));
        assert_eq!(waits[1], waits[0] / 5);
        assert_eq!(usual.at_pace(1), usual);
    }

    #[test]
    fn readings_double() {
        let settle = Duration::from_secs(10);
        assert_eq!(
            [0, 1, 2].map(|misses| read_back_delay(settle, misses).as_secs()),
            [10, 20, 40]
        );
    }
}
