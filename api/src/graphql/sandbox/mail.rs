use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_engine::mail::Read;

/// A mail to a person, in a sandbox's mailbox.
#[derive(SimpleObject)]
pub struct SandboxMail {
    /// The id (`mail_…`).
    id: ID,
    /// The address.
    to: String,
    /// What it is about.
    subject: String,
    /// What it says.
    text: String,
    /// The token that it brings, if it brings one.
    token: Option<String>,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// Whether it arrived; otherwise it is on its way.
    is_delivered: bool,
}

impl From<Read> for SandboxMail {
    fn from(read: Read) -> Self {
        Self {
            id: ID(read.message.id),
            to: read.message.to,
            subject: read.message.subject,
            text: read.message.text,
            token: read.token.map(|token| token.expose().to_owned()),
            created_at: read.message.at,
            is_delivered: read.is_delivered,
        }
    }
}
