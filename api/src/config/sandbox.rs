use std::{path::PathBuf, sync::Arc, time::Duration};

use posthaste_core::{ports::Clock, target::Timing};
use posthaste_engine::adapters::{MovableClock, SystemClock};
use serde::Deserialize;

/// Simulated networks and the movable clock.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    /// Whether this is a sandbox.
    pub enabled: bool,
    /// The file that moves the clock; empty for none.
    pub clock_file: PathBuf,
}

impl Sandbox {
    /// The time: the machine's, or moved by the file.
    pub fn clock(&self) -> Arc<dyn Clock> {
        if self.clock_file.as_os_str().is_empty() {
            Arc::new(SystemClock)
        } else {
            Arc::new(MovableClock::new(self.clock_file.clone()))
        }
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
    }
}
