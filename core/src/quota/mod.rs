//! What networks allow within a time and what they charge, as data with source and date.
//!
//! Only figures that a network documents are here. A network without a cap may still have one, and one
//! without a price may still charge: nothing is known, which is not the same as nothing.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::Network;

/// The currency of all prices (ISO 4217).
pub const CURRENCY: &str = "USD";

/// How many posts a network takes from one account within a rolling time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cap {
    /// The network.
    pub network: Network,
    /// Most posts.
    pub posts: u32,
    /// The length of the time, in seconds.
    pub window_seconds: u32,
    /// Where the figure stands.
    pub source: String,
    /// When it was read (ISO 8601).
    pub date: String,
}

impl Cap {
    /// The length of the time.
    pub fn window(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.window_seconds))
    }

    /// How many posts are left when `used` are counted.
    pub fn remaining(&self, used: u32) -> u32 {
        self.posts.saturating_sub(used)
    }

    /// When the first place gets free: the oldest counted post leaves the window.
    pub fn resets_at(&self, oldest: DateTime<Utc>) -> DateTime<Utc> {
        oldest + self.window()
    }
}

/// What a network charges for a post, in millionths of [`CURRENCY`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Price {
    /// The network.
    pub network: Network,
    /// For a post without a link.
    pub post: u32,
    /// For a post with one.
    pub post_with_link: u32,
    /// Where the figures stand.
    pub source: String,
    /// When they were read (ISO 8601).
    pub date: String,
}

impl Price {
    /// The price of one post.
    pub fn of(&self, has_link: bool) -> u32 {
        if has_link {
            self.post_with_link
        } else {
            self.post
        }
    }

    /// Whether a link makes a post dearer.
    pub fn link_costs_more(&self) -> bool {
        self.post_with_link > self.post
    }
}

// Both files are checked by the tests below, so that neither is empty for a mistake in it.
static CAPS: LazyLock<Vec<Cap>> =
    LazyLock::new(|| serde_json::from_str(include_str!("caps.json")).unwrap_or_default());
static PRICES: LazyLock<Vec<Price>> =
    LazyLock::new(|| serde_json::from_str(include_str!("prices.json")).unwrap_or_default());

/// The cap of a network, if one is documented.
pub fn cap(network: Network) -> Option<&'static Cap> {
    CAPS.iter().find(|cap| cap.network == network)
}

/// The price of a network's posts, if one is documented.
pub fn price(network: Network) -> Option<&'static Price> {
    PRICES.iter().find(|price| price.network == network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_can_be_read_and_name_source_and_date() {
        let caps: Vec<Cap> = serde_json::from_str(include_str!("caps.json")).unwrap();
        let prices: Vec<Price> = serde_json::from_str(include_str!("prices.json")).unwrap();
        let mut said = caps
            .iter()
            .map(|cap| (&cap.source, &cap.date))
            .collect::<Vec<_>>();
        said.extend(prices.iter().map(|price| (&price.source, &price.date)));
        for (source, date) in said {
            assert!(!source.is_empty());
            assert!(date.parse::<chrono::NaiveDate>().is_ok(), "{date}");
        }
        assert!(
            caps.iter()
                .all(|cap| cap.posts > 0 && cap.window_seconds > 0)
        );
    }

    #[test]
    fn what_is_known_and_what_is_not() {
        assert_eq!(cap(Network::Instagram).map(|cap| cap.posts), Some(50));
        assert_eq!(cap(Network::X).map(|cap| cap.window_seconds), Some(900));
        assert_eq!(cap(Network::Facebook), None);
        assert_eq!(price(Network::Pinterest), None);
    }

    #[test]
    fn a_link_costs_more_on_x() {
        let price = price(Network::X).unwrap();
        assert_eq!((price.of(false), price.of(true)), (15_000, 200_000));
        assert!(price.link_costs_more());
    }

    #[test]
    fn a_full_window_leaves_nothing_and_frees_with_its_oldest() {
        let cap = cap(Network::X).unwrap();
        assert_eq!(
            (cap.remaining(99), cap.remaining(100), cap.remaining(120)),
            (1, 0, 0)
        );
        let oldest = DateTime::from_timestamp(1_799_049_600, 0).unwrap();
        assert_eq!(cap.resets_at(oldest), oldest + TimeDelta::minutes(15));
    }
}
