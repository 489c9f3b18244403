use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::ports::Clock;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter behind the Clock port"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// How long an offset read from the file is believed.
const BELIEVED: Duration = Duration::from_millis(20);

/// The machine's clock plus an offset in milliseconds that stands in a file, so that all processes
/// of a sandbox move together. A missing file means no offset.
#[derive(Debug)]
pub struct MovableClock {
    file: PathBuf,
    read: Mutex<Option<(Instant, TimeDelta)>>,
}

impl MovableClock {
    /// A clock whose offset stands in `file`.
    pub fn new(file: PathBuf) -> Self {
        Self {
            file,
            read: Mutex::default(),
        }
    }

    fn offset(&self) -> TimeDelta {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, offset)) = *read
            && at.elapsed() < BELIEVED
        {
            return offset;
        }
        let millis = std::fs::read_to_string(&self.file)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let offset = TimeDelta::milliseconds(millis.unwrap_or(0));
        *read = Some((Instant::now(), offset));
        offset
    }
}

impl Clock for MovableClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.offset()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_moves_the_clock() {
        let file = std::env::temp_dir().join(format!("posthaste-clock-{}", std::process::id()));
        let clock = MovableClock::new(file.clone());
        let before = SystemClock.now();
        assert!(clock.now() - before < TimeDelta::minutes(1));
        std::fs::write(&file, "86400000\n").unwrap();
        std::thread::sleep(BELIEVED);
        let moved = clock.now() - before;
        std::fs::remove_file(&file).unwrap();
        assert!(moved >= TimeDelta::days(1) && moved < TimeDelta::days(1) + TimeDelta::minutes(1));
    }
}
