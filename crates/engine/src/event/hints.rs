use std::sync::Arc;

use tokio::sync::Notify;

use super::tail::Tails;

/// Says that something changed, within this process at once and between processes through the
/// database (`api/src/relay.rs`). A hint that is lost costs latency, never an event.
#[derive(Clone, Default)]
pub struct Hints(Arc<HintParts>);

#[derive(Default)]
struct HintParts {
    due: Notify,
    news: Notify,
    outgoing: Notify,
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
        self.0.outgoing.notify_one();
    }

    /// Events were committed that make nothing due.
    pub fn events(&self) {
        self.news();
        self.0.outgoing.notify_one();
    }

    /// Waits until [`Hints::committed`] is called; for the relay between processes.
    pub async fn wait_outgoing(&self) {
        self.0.outgoing.notified().await;
    }

    /// The ends of the logs that somebody follows.
    pub(super) fn tails(&self) -> &Tails {
        &self.0.tails
    }
}
