use std::time::Duration;

use anyhow::ensure;
use posthaste_core::{Result, secret::Secret};
use posthaste_engine::adapters::{Smtp, SmtpSettings};
use serde::Deserialize;

/// How people get mails.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The mail server's address; empty for none. It may hold a password.
    pub url: Secret,
    /// Who mails are from.
    pub from: String,
    /// How long handing one mail over may take.
    pub timeout_seconds: u64,
}

impl Mail {
    /// Refuses a server without a sender.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.url.is_empty() || !self.from.is_empty(),
            "mail.url is set, but mail.from is empty. Set mail.from (POSTHASTE_MAIL_FROM) to the sender, such as Posthaste <post@example.org>."
        );
        Ok(())
    }

    /// The mail server, if one is set; nothing is connected yet.
    pub fn open(&self) -> Result<Option<Smtp>> {
        let url = self.url.expose();
        (!url.is_empty())
            .then(|| {
                Smtp::new(SmtpSettings {
                    url,
                    from: &self.from,
                    timeout: Duration::from_secs(self.timeout_seconds),
                })
            })
            .transpose()
    }
}
