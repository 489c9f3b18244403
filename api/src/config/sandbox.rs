use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{anyhow, ensure};
use posthaste_core::{
    ports::Clock,
    target::{MOST_PACE, Timing},
};
use posthaste_engine::{
    adapters::{MovableClock, SteadyClock, SystemClock},
    publish::Crash,
};
use serde::Deserialize;

/// Simulated networks and the movable clock.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    /// Whether this is a sandbox.
    pub enabled: bool,
    /// The file that moves the clock; empty for none.
    pub clock_file: PathBuf,
    /// Watch the clock as outside a sandbox, although a file moves it.
    pub clock_guard: bool,
    /// What the waits of publishing are divided by.
    pub pace: u32,
    /// Where a worker ends or stops itself; empty for nowhere.
    pub crash_at: String,
}

impl Sandbox {
    /// Refuses what would harm outside a sandbox, and what makes no sense.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=MOST_PACE).contains(&self.pace),
            "sandbox.pace is {}: give a whole number from 1 to {MOST_PACE}",
            self.pace
        );
        ensure!(
            self.enabled || self.pace == 1,
            "sandbox.pace shortens the waits that keep posts from going out twice: only for sandbox.enabled = true"
        );
        ensure!(
            self.enabled || self.crash_at.is_empty(),
            "sandbox.crash_at ends workers on purpose: only for sandbox.enabled = true"
        );
        self.crash().map(drop)
    }

    /// Where a worker ends or stops itself.
    pub fn crash(&self) -> anyhow::Result<Crash> {
        if self.crash_at.is_empty() {
            return Ok(Crash::default());
        }
        self.crash_at
            .parse()
            .map_err(|why| anyhow!("sandbox.crash_at: {why}"))
    }

    /// The time: the machine's, or moved by the file.
    pub fn clock(&self) -> Arc<dyn Clock> {
        if self.clock_file.as_os_str().is_empty() {
            Arc::new(SystemClock)
        } else {
            Arc::new(MovableClock::new(self.clock_file.clone()))
        }
    }

    /// The time by which a worker judges what is due: one that does not jump, unless a sandbox's clock is
    /// moved on purpose.
    pub fn steady_clock(&self) -> Arc<dyn Clock> {
        if self.is_guarded() {
            Arc::new(SteadyClock::new(self.clock()))
        } else {
            self.clock()
        }
    }

    /// Whether a jump of the clock is a mishap.
    pub fn is_guarded(&self) -> bool {
        self.clock_guard || self.clock_file.as_os_str().is_empty()
    }

    /// The time limits of publishing; shorter ones in the sandbox, so that faults settle while one watches.
    pub fn timing(&self) -> Timing {
        let usual = Timing::default();
        if !self.enabled {
            return usual;
        }
        Timing {
            lease: Duration::from_secs(15),
            settle: Some(Duration::from_secs(10)),
            ..usual
        }
        .at_pace(self.pace)
    }
}
