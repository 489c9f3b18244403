use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Network, post::ContentKind};

/// Whose posts a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scope {
    /// Those of one account.
    Account,
    /// Those of all accounts that this server's registration publishes to.
    App,
}

/// How many posts a network takes within a rolling time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cap {
    /// The network.
    pub network: Network,
    /// Whose posts it counts.
    pub scope: Scope,
    /// Counts only posts of this kind; all when empty.
    #[serde(default)]
    pub kind: Option<ContentKind>,
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

    /// Whether a post of this kind counts.
    pub fn counts(&self, kind: ContentKind) -> bool {
        self.kind.is_none_or(|only| only == kind)
    }
}

/// What a network charges for a post, in millionths of [`super::CURRENCY`].
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

    /// Whether `amount` is the price of a post with a link and more than one without it.
    pub fn is_for_link(&self, amount: i64) -> bool {
        self.link_costs_more() && amount == i64::from(self.post_with_link)
    }
}

// Both files are checked by the tests below, so that neither is empty for a mistake in it.
static BUILT_IN: LazyLock<Rules> = LazyLock::new(|| Rules {
    caps: serde_json::from_str(include_str!("caps.json")).unwrap_or_default(),
    prices: serde_json::from_str(include_str!("prices.json")).unwrap_or_default(),
    enforce: true,
});

/// The caps and prices in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    caps: Vec<Cap>,
    prices: Vec<Price>,
    /// Whether posts over a cap wait or fail. When not, they are only warned about: a sandbox's
    /// networks have no caps unless they are told to.
    pub enforce: bool,
}

impl Default for Rules {
    /// What the networks document.
    fn default() -> Self {
        BUILT_IN.clone()
    }
}

impl Rules {
    /// Replaces all caps of a network.
    pub fn replace_caps(&mut self, network: Network, caps: Vec<Cap>) {
        self.caps.retain(|cap| cap.network != network);
        self.caps.extend(caps);
    }

    /// Replaces the prices of a network; without new ones none is known.
    pub fn replace_price(&mut self, network: Network, price: Option<Price>) {
        self.prices.retain(|known| known.network != network);
        self.prices.extend(price);
    }

    /// The caps of a network that count the posts of one account, or of all.
    pub fn caps(&self, network: Network, scope: Scope) -> impl Iterator<Item = &Cap> {
        self.caps
            .iter()
            .filter(move |cap| cap.network == network && cap.scope == scope)
    }

    /// What the posts of a network cost, if it is known.
    pub fn price(&self, network: Network) -> Option<&Price> {
        self.prices.iter().find(|price| price.network == network)
    }
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
        let rules = Rules::default();
        let caps = |network, scope| {
            rules
                .caps(network, scope)
                .map(|cap| (cap.posts, cap.window_seconds, cap.kind))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            caps(Network::Instagram, Scope::Account),
            [(50, 86400, None)]
        );
        assert_eq!(caps(Network::X, Scope::Account), [(100, 900, None)]);
        assert_eq!(caps(Network::X, Scope::App), [(10_000, 86_400, None)]);
        assert_eq!(
            caps(Network::Facebook, Scope::Account),
            [(30, 86_400, Some(ContentKind::Reel))]
        );
        assert_eq!(caps(Network::Pinterest, Scope::Account), []);
        assert_eq!(rules.price(Network::Pinterest), None);
    }

    #[test]
    fn a_link_costs_more_on_x() {
        let rules = Rules::default();
        let price = rules.price(Network::X).unwrap();
        assert_eq!((price.of(false), price.of(true)), (15_000, 200_000));
        assert!(price.link_costs_more());
        assert!(price.is_for_link(200_000) && !price.is_for_link(15_000));
    }

    #[test]
    fn an_operator_replaces_all_of_a_network_and_nothing_of_another() {
        let mut rules = Rules::default();
        let mut own = rules.caps(Network::X, Scope::App).next().unwrap().clone();
        own.posts = 5;
        rules.replace_caps(Network::X, vec![own]);
        rules.replace_price(Network::X, None);
        assert_eq!(rules.caps(Network::X, Scope::Account).count(), 0);
        assert_eq!(rules.caps(Network::X, Scope::App).next().unwrap().posts, 5);
        assert_eq!(rules.price(Network::X), None);
        assert_eq!(rules.caps(Network::Instagram, Scope::Account).count(), 1);
    }

    #[test]
    fn a_cap_of_reels_counts_no_other_post() {
        let rules = Rules::default();
        let reels = rules
            .caps(Network::Facebook, Scope::Account)
            .next()
            .unwrap();
        assert!(reels.counts(ContentKind::Reel) && !reels.counts(ContentKind::Feed));
        assert_eq!(
            (
                reels.remaining(29),
                reels.remaining(30),
                reels.remaining(40)
            ),
            (1, 0, 0)
        );
    }
}
