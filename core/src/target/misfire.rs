use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};

/// How late a target may go out without asking (publishing.md, "States of a target").
pub const MISFIRE_WINDOW: TimeDelta = TimeDelta::hours(6);

/// What to do with a target whose time passed while nobody could publish it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MisfirePolicy {
    /// Publish it, however late.
    PublishLate,
    /// Do not publish it.
    Skip,
    /// Hold it for a person once it is more than [`MISFIRE_WINDOW`] late.
    #[default]
    Ask,
}

/// What becomes of a due target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Publish it.
    Publish,
    /// Give up on it.
    Skip,
    /// A person decides.
    Ask,
}

impl MisfirePolicy {
    /// All policies.
    pub const ALL: [Self; 3] = [Self::PublishLate, Self::Skip, Self::Ask];

    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PublishLate => "PUBLISH_LATE",
            Self::Skip => "SKIP",
            Self::Ask => "ASK",
        }
    }

    /// What becomes of a target that was due at `due_at`.
    pub fn decide(self, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Due {
        match self {
            _ if now - due_at <= MISFIRE_WINDOW => Due::Publish,
            Self::PublishLate => Due::Publish,
            Self::Skip => Due::Skip,
            Self::Ask => Due::Ask,
        }
    }
}

impl FromStr for MisfirePolicy {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| {
                Error::new(
                    ErrorCode::InvalidInput,
                    format!("'{text}' is not a misfire policy."),
                )
            })
    }
}

impl TryFrom<String> for MisfirePolicy {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_differ_only_after_the_window() {
        let due: DateTime<Utc> = "2027-01-01T09:00:00Z".parse().unwrap();
        let decide = |minutes| {
            MisfirePolicy::ALL.map(|policy| policy.decide(due, due + TimeDelta::minutes(minutes)))
        };
        assert_eq!(decide(0), [Due::Publish; 3]);
        assert_eq!(decide(360), [Due::Publish; 3]);
        assert_eq!(decide(361), [Due::Publish, Due::Skip, Due::Ask]);
    }
}
