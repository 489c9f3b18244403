use posthaste_engine::person::Rules;
use serde::Deserialize;

/// Who may become a person here.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// How.
    pub registration: Registration,
}

/// How somebody becomes a person here.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// By an invitation into a workspace; in a sandbox, anybody.
    Invited,
    /// Anybody, with a workspace of their own.
    Open,
}

impl People {
    /// The rules that follow from it.
    pub fn rules(self, is_sandbox: bool) -> Rules {
        Rules {
            is_open: is_sandbox || self.registration == Registration::Open,
        }
    }
}
