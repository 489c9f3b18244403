use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::ports::Clock;

/// Steps up to this are followed: corrections of the machine's clock, and its drift.
const STEP: TimeDelta = TimeDelta::seconds(2);
/// A clock this near the database's is right.
const NEAR: TimeDelta = TimeDelta::seconds(10);

/// A clock that does not jump. When the machine's clock leaps, time goes on by the steady one until a
/// comparison with the database tells which of the two is right.
pub struct SteadyClock {
    machine: Arc<dyn Clock>,
    anchor: Mutex<Anchor>,
}

/// A moment of the steady clock, and the time it stood for.
struct Anchor {
    moment: Instant,
    time: DateTime<Utc>,
    /// The machine's clock shows something else.
    leapt: bool,
}

impl SteadyClock {
    /// Smooths another clock.
    pub fn new(machine: Arc<dyn Clock>) -> Self {
        let anchor = Mutex::new(Anchor {
            moment: Instant::now(),
            time: machine.now(),
            leapt: false,
        });
        Self { machine, anchor }
    }

    fn anchor(&self) -> MutexGuard<'_, Anchor> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> DateTime<Utc> {
        let mut anchor = self.anchor();
        let (moment, machine) = (Instant::now(), self.machine.now());
        let passed = TimeDelta::from_std(moment - anchor.moment).unwrap_or_default();
        let steady = anchor.time + passed;
        let leap = machine - steady;
        let leapt = leap.abs() > STEP;
        if leapt && !anchor.leapt {
            tracing::error!(
                seconds = leap.num_seconds(),
                "the machine's clock leapt; time goes on as it did"
            );
        }
        let time = if leapt { steady } else { machine };
        *anchor = Anchor {
            moment,
            time,
            leapt,
        };
        time
    }

    fn compared(&self, database: DateTime<Utc>) {
        let machine = self.machine.now();
        if (machine - database).abs() <= NEAR {
            *self.anchor() = Anchor {
                moment: Instant::now(),
                time: machine,
                leapt: false,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use posthaste_core::ports::FrozenClock;

    use super::*;

    fn start() -> DateTime<Utc> {
        "2027-01-04T08:00:00Z".parse().unwrap()
    }

    /// Equal but for the moments that the test itself takes.
    fn about(one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
        (one - other).abs() < TimeDelta::milliseconds(500)
    }

    #[test]
    fn a_leap_is_not_followed_and_a_step_is() {
        for leap in [
            TimeDelta::hours(2),
            -TimeDelta::minutes(10),
            TimeDelta::seconds(20),
        ] {
            let machine = FrozenClock::new(start());
            let clock = SteadyClock::new(Arc::new(machine.clone()));
            machine.advance(leap);
            assert!(about(clock.now(), start()), "{leap}");
            // The database goes with the steady clock: it stays.
            clock.compared(start());
            assert!(about(clock.now(), start()), "{leap}");
        }
        let machine = FrozenClock::new(start());
        let clock = SteadyClock::new(Arc::new(machine.clone()));
        machine.advance(TimeDelta::seconds(1));
        assert_eq!(clock.now(), start() + TimeDelta::seconds(1));
    }

    #[test]
    fn after_a_sleep_of_the_machine_the_database_puts_it_right() {
        let machine = FrozenClock::new(start());
        let clock = SteadyClock::new(Arc::new(machine.clone()));
        machine.advance(TimeDelta::hours(1));
        clock.compared(start() + TimeDelta::hours(1));
        assert_eq!(clock.now(), start() + TimeDelta::hours(1));
    }
}
