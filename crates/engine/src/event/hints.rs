use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Notify;

use super::tail::Tails;

/// Says that something changed, within this process at once and between processes through the
/// database (`api/src/relay.rs`). A hint that is lost costs latency, never an event.
#[derive(Clone, Default)]
pub struct Hints(Arc<HintParts>);

/// What other processes should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The queue, and the log.
    Due,
    /// The log alone: most of what is written makes nothing due, and must not wake every worker.
    News,
}

#[derive(Default)]
struct HintParts {
    due: Notify,
    news: Notify,
    outgoing: Notify,
    outgoing_due: AtomicBool,
    tails: Tails,
}

impl Hints {
    /// A target may be due: workers look.
    pub fn due(&self) {
        self.0.due.notify_waiters();
        self.0.due.notify_one();
        self.news();
    }

    /// There may be something for webhooks: their workers look.
    pub fn news(&self) {
        self.0.news.notify_waiters();
        self.0.news.notify_one();
    }

    /// Waits until [`Hints::news`] is called.
    pub async fn wait_news(&self) {
        self.0.news.notified().await;
    }

    /// Waits until [`Hints::due`] is called.
    pub async fn wait_due(&self) {
        self.0.due.notified().await;
    }

    /// Something was committed here that other processes should look at.
    pub fn committed(&self) {
        self.due();
        self.0.outgoing_due.store(true, Ordering::Relaxed);
        self.0.outgoing.notify_one();
    }

    /// Events were committed that make nothing due.
    pub fn events(&self) {
        self.news();
        self.0.outgoing.notify_one();
    }

    /// Something came from another process.
    pub fn arrived(&self, hint: Hint) {
        match hint {
            Hint::Due => self.due(),
            Hint::News => self.news(),
        }
    }

    /// Waits until there is something to tell; for the relay between processes.
    pub async fn wait_outgoing(&self) {
        self.0.outgoing.notified().await;
    }

    /// What there is to tell by now.
    pub fn take_outgoing(&self) -> Hint {
        if self.0.outgoing_due.swap(false, Ordering::Relaxed) {
            Hint::Due
        } else {
            Hint::News
        }
    }

    /// The ends of the logs that somebody follows.
    pub(super) fn tails(&self) -> &Tails {
        &self.0.tails
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_makes_nothing_due_is_told_as_news() {
        let hints = Hints::default();
        hints.events();
        hints.wait_outgoing().await;
        assert_eq!(hints.take_outgoing(), Hint::News);
        hints.committed();
        hints.events();
        hints.wait_outgoing().await;
        assert_eq!(hints.take_outgoing(), Hint::Due);
        assert_eq!(hints.take_outgoing(), Hint::News);
    }
}
