use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Processor time of this machine so far, and how much of it the hypervisor gave to others, in ticks. Nothing is
/// stolen where Linux does not say so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine {
    all: u64,
    stolen: u64,
}

/// Fields of the first line that tell time; those behind them are parts of others.
const FIELDS: usize = 8;
/// The one that tells what others had.
const STEAL: usize = 7;

/// What others may have of a machine that is calm.
const CALM: f64 = 0.05;
/// How long that is looked at.
const LOOK: Duration = Duration::from_secs(5);

impl Machine {
    /// As it is now.
    pub fn now() -> Self {
        std::fs::read_to_string("/proc/stat")
            .ok()
            .and_then(|text| Self::read(&text))
            .unwrap_or_default()
    }

    /// The first line of `/proc/stat` (proc(5)).
    fn read(text: &str) -> Option<Self> {
        let line = text.lines().next()?.strip_prefix("cpu ")?;
        let ticks = line.split_whitespace().take(FIELDS).map(str::parse);
        let ticks: Vec<u64> = ticks.collect::<Result<_, _>>().ok()?;
        Some(Self {
            all: ticks.iter().sum(),
            stolen: ticks.get(STEAL).copied().unwrap_or_default(),
        })
    }

    /// The part of the time since then that others had, from 0 to 1.
    pub fn stolen_since(self, then: Self) -> f64 {
        let all = self.all.saturating_sub(then.all).max(1);
        self.stolen.saturating_sub(then.stolen) as f64 / all as f64
    }
}

/// Waits until others have next to nothing of this machine, `most` at most.
pub async fn calm(most: Duration) {
    let end = Instant::now() + most;
    loop {
        let then = Machine::now();
        sleep(LOOK).await;
        if Machine::now().stolen_since(then) < CALM || Instant::now() > end {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_had_is_a_part_of_the_time_between() {
        let then = Machine::read("cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1 2 3\n").unwrap();
        let now = Machine::read("cpu  130 0 60 810 10 0 5 85 9 0\n").unwrap();
        assert!((now.stolen_since(then) - 0.5).abs() < 1e-9);
        assert!(then.stolen_since(then).abs() < 1e-9);
        assert!(Machine::read("intr 1 2").is_none());
    }
}
