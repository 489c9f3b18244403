use posthaste_engine::webhook::Rules;
use serde::Deserialize;

/// What webhooks may do.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Whether http and addresses of private networks are taken.
    pub allow_private: bool,
}

impl Webhooks {
    /// The rules that follow from it.
    pub fn rules(self) -> Rules {
        Rules {
            allow_private: self.allow_private,
        }
    }
}
