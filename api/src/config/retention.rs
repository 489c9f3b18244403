use serde::Deserialize;

/// How long the logs are kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Months that events are kept; 0 for ever.
    pub events_months: u32,
    /// Months that tries and timelines of targets are kept; 0 for ever.
    pub timelines_months: u32,
}

impl Retention {
    /// The policy.
    pub fn policy(self) -> posthaste_engine::retention::Retention {
        posthaste_engine::retention::Retention {
            events: self.events_months,
            timelines: self.timelines_months,
        }
    }
}
