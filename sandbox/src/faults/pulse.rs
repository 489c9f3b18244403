use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};

const BEAT: Duration = Duration::from_millis(50);

/// Tells how long this machine let its processes wait: what is late by that is not Posthaste's fault.
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Begins to watch.
    pub fn start() -> Self {
        let longest = Arc::new(AtomicU64::new(0));
        let watched = Arc::downgrade(&longest);
        tokio::spawn(async move {
            let mut before = Instant::now();
            loop {
                sleep(BEAT).await;
                let late = before.elapsed().saturating_sub(BEAT);
                before = Instant::now();
                let Some(longest) = watched.upgrade() else {
                    return;
                };
                longest.fetch_max(late.as_millis() as u64, Ordering::Relaxed);
            }
        });
        Self(longest)
    }

    /// The longest wait since it was forgotten last.
    pub fn longest(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    /// Begins anew.
    pub fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
