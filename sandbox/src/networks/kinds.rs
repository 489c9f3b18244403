//! The two words every part of the simulator shares: which network, and what a call is for.

use serde::{Deserialize, Serialize};

/// A simulated network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Network {
    /// Facebook Pages.
    Facebook,
    /// Instagram professional accounts.
    Instagram,
    /// Pinterest.
    Pinterest,
    /// X.
    X,
}

impl Network {
    /// All networks, in the order of the walls.
    pub const ALL: [Self; 4] = [Self::Facebook, Self::Instagram, Self::Pinterest, Self::X];

    /// The name in JSON, for example `FACEBOOK`.
    pub fn name(self) -> &'static str {
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

/// What a call to a network is for; faults are aimed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// The one call that makes a post visible.
    Publish,
    /// Invisible steps: uploads, containers.
    Prepare,
    /// Read-back: lists, posts, container and processing status.
    Lookup,
    /// Reading how posts do.
    Metrics,
    /// Reading accounts, pages and boards.
    Accounts,
    /// Anything about tokens.
    Token,
    /// Removing a post.
    Delete,
    /// Matches every call; also the class of calls that fit no other.
    Any,
}
