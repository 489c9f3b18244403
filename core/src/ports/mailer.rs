use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// A mail as it is handed over: plain text for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same in every try, so that a mail that comes twice can be told.
    pub id: String,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The address.
    pub to: String,
    /// What it is about, on one line.
    pub subject: String,
    /// What it says.
    pub text: String,
}

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct MailError {
    /// Whether it would be refused again.
    pub is_permanent: bool,
    /// The reason, for the operator.
    pub reason: String,
}

/// Hands mails over to those who deliver them.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail over. One that was taken although the answer got lost comes a second time.
    async fn send(&self, message: &Message) -> Result<(), MailError>;

    /// Whether mails would be taken now.
    async fn check(&self) -> Result<(), MailError>;
}

/// Keeps mails in memory and fails as it is told; for tests.
#[derive(Debug, Default)]
pub struct MemoryMailer(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    sent: Vec<Message>,
    failures: Vec<MailError>,
}

impl MemoryMailer {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails at the next mail; called twice, at the next two.
    pub fn fail(&self, error: MailError) {
        self.lock().failures.push(error);
    }

    /// Gives away what was sent, in order.
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.lock().sent)
    }
}

#[async_trait]
impl Mailer for MemoryMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let mut kept = self.lock();
        if kept.failures.is_empty() {
            kept.sent.push(message.clone());
            return Ok(());
        }
        Err(kept.failures.remove(0))
    }

    async fn check(&self) -> Result<(), MailError> {
        self.lock().failures.first().cloned().map_or(Ok(()), Err)
    }
}
