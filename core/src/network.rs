//! The social networks that Posthaste publishes to.

pub mod health;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};

/// A social network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Network {
    /// Facebook Pages.
    Facebook,
    /// Instagram professional accounts.
    Instagram,
    /// Pinterest.
    Pinterest,
    /// X, formerly Twitter.
    X,
}

impl Network {
    /// All networks, in the order in which people see them.
    pub const ALL: [Self; 4] = [Self::Facebook, Self::Instagram, Self::Pinterest, Self::X];

    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Facebook => "FACEBOOK",
            Self::Instagram => "INSTAGRAM",
            Self::Pinterest => "PINTEREST",
            Self::X => "X",
        }
    }

    /// The name as people write it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Facebook => "Facebook",
            Self::Instagram => "Instagram",
            Self::Pinterest => "Pinterest",
            Self::X => "X",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl FromStr for Network {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|network| network.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                Error::new(
                    ErrorCode::InvalidInput,
                    format!("'{text}' is not a network Posthaste knows."),
                )
            })
    }
}

impl TryFrom<String> for Network {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}
