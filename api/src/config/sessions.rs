use chrono::TimeDelta;
use posthaste_engine::session::Rules;
use serde::Deserialize;

/// How long sessions last.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Days from the last refresh on.
    pub idle_days: u16,
    /// Days from signing in on.
    pub absolute_days: u16,
}

impl Sessions {
    /// The rules.
    pub fn rules(self) -> Rules {
        Rules {
            idle: TimeDelta::days(self.idle_days.into()),
            absolute: TimeDelta::days(self.absolute_days.into()),
        }
    }
}
