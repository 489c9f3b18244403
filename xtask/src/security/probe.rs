//! One thing that is tried, and what must come of it.

use std::time::{Duration, Instant};

use anyhow::bail;

use super::{
    Outcome,
    client::{Answer, send},
};
use crate::server::Server;

/// Where the probed server believes to be reached.
pub const PUBLIC: &str = "https://posthaste.test";

/// Tries things, and collects what should not have come of them.
pub struct Probes<'a> {
    server: &'a Server,
    tried: usize,
    wrong: Vec<String>,
    slowest: (Duration, String),
}

impl<'a> Probes<'a> {
    /// Of a server.
    pub fn of(server: &'a Server) -> Self {
        Self {
            server,
            tried: 0,
            wrong: Vec::new(),
            slowest: (Duration::ZERO, String::new()),
        }
    }

    /// The header with the key of the workspace's owner.
    pub fn key(&self) -> String {
        format!("Bearer {}", self.server.key)
    }

    /// Sends a request and judges the answer; the judge says what is wrong with it, if anything is.
    pub fn send(
        &mut self,
        name: &str,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
        judge: impl FnOnce(&Answer) -> Option<String>,
    ) -> anyhow::Result<()> {
        let begin = Instant::now();
        let answer = send(self.server.address, method, path, headers, body)?;
        let took = begin.elapsed();
        if took > self.slowest.0 {
            self.slowest = (took, name.to_owned());
        }
        self.tried += 1;
        if let Some(wrong) = judge(&answer) {
            self.wrong.push(format!("{name}: {wrong}"));
        }
        Ok(())
    }

    /// What came of all.
    pub fn end(self) -> anyhow::Result<Outcome> {
        if !self.wrong.is_empty() {
            bail!(self.wrong.join("; "));
        }
        let (took, name) = self.slowest;
        Ok(Outcome::Passed(format!(
            "{} probes; the slowest was '{name}' with {} ms",
            self.tried,
            took.as_millis()
        )))
    }
}

/// Judges by status and code.
pub fn refused(status: u16, code: &str) -> impl FnOnce(&Answer) -> Option<String> + use<> {
    let wanted = (status, code.to_owned());
    move |answer| {
        let found = (answer.status, answer.code());
        (found != wanted).then(|| format!("{} {} in place of {status}", found.0, found.1))
    }
}
