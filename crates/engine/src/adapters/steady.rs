use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::ports::Clock;

/// What the machine's clock may differ before it is worth a line in the log.
const STEP: TimeDelta = TimeDelta::seconds(2);
/// A clock this near the database's is right.
const NEAR: TimeDelta = TimeDelta::seconds(10);

/// The database's time, carried on by the machine's steady clock: all who publish from one database go by
/// one time, however their machines' clocks drift or leap. A database whose clock leaps away from everything
/// that is known here is not followed.
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

impl Anchor {
    fn at(time: DateTime<Utc>) -> Self {
        Self {
            moment: Instant::now(),
            time,
            leapt: false,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.time + TimeDelta::from_std(self.moment.elapsed()).unwrap_or_default()
    }
}

impl SteadyClock {
    /// Begins with another clock's time.
    pub fn new(machine: Arc<dyn Clock>) -> Self {
        let anchor = Mutex::new(Anchor::at(machine.now()));
        Self { machine, anchor }
    }

    fn anchor(&self) -> MutexGuard<'_, Anchor> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> DateTime<Utc> {
        let mut anchor = self.anchor();
        let now = anchor.now();
        let leap = self.machine.now() - now;
        let leapt = leap.abs() > STEP;
        if leapt && !anchor.leapt {
            tracing::error!(
                seconds = leap.num_seconds(),
                "the machine's clock leapt; time goes on as it did"
            );
        }
        anchor.leapt = leapt;
        now
    }

    fn compared(&self, database: DateTime<Utc>) {
        let machine = self.machine.now();
        let mut anchor = self.anchor();
        let near = |time: DateTime<Utc>| (time - database).abs() <= NEAR;
        if near(machine) || near(anchor.now()) {
            let leapt = (machine - database).abs() > STEP && anchor.leapt;
            *anchor = Anchor {
                leapt,
                ..Anchor::at(database)
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
    fn neither_leaps_nor_drift_of_the_machine_are_followed() {
        for leap in [
            TimeDelta::hours(2),
            -TimeDelta::minutes(10),
            TimeDelta::seconds(20),
            TimeDelta::seconds(1),
        ] {
            let machine = FrozenClock::new(start());
            let clock = SteadyClock::new(Arc::new(machine.clone()));
            machine.advance(leap);
            assert!(about(clock.now(), start()), "{leap}");
            clock.compared(start());
            assert!(about(clock.now(), start()), "{leap}");
        }
    }

    #[test]
    fn the_databases_time_is_gone_by() {
        let machine = FrozenClock::new(start());
        let clock = SteadyClock::new(Arc::new(machine));
        clock.compared(start() - TimeDelta::seconds(9));
        assert!(about(clock.now(), start() - TimeDelta::seconds(9)));
    }

    #[test]
    fn a_database_that_leaps_alone_is_not_followed() {
        let machine = FrozenClock::new(start());
        let clock = SteadyClock::new(Arc::new(machine));
        clock.compared(start() + TimeDelta::hours(2));
        assert!(about(clock.now(), start()));
    }

    #[test]
    fn after_a_sleep_of_the_machine_the_database_puts_it_right() {
        let machine = FrozenClock::new(start());
        let clock = SteadyClock::new(Arc::new(machine.clone()));
        machine.advance(TimeDelta::hours(1));
        clock.compared(start() + TimeDelta::hours(1));
        assert!(about(clock.now(), start() + TimeDelta::hours(1)));
    }
}
