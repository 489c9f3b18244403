//! How posts do: figures that grow with a post's age and never shrink. The same seed, post and time
//! give the same figures.

use chrono::{DateTime, Utc};

use super::{chance::Chance, log::Post, state::State};

/// After so many hours a post has most of its views.
const PACE: f64 = 30.0;

/// The figures of a post at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// How often it was shown.
    pub views: u64,
    /// How many accounts saw it.
    pub reach: u64,
    /// Likes.
    pub likes: u64,
    /// Other reactions, where there are any.
    pub loves: u64,
    /// Comments.
    pub comments: u64,
    /// Shares.
    pub shares: u64,
    /// Shares with words of one's own.
    pub quotes: u64,
    /// Saves.
    pub saves: u64,
    /// Clicks.
    pub clicks: u64,
    /// Plays of its video.
    pub plays: u64,
}

impl Growth {
    /// The figures of `post` at `now`.
    pub fn of(state: &State, post: &Post, now: DateTime<Utc>) -> Self {
        let hours = (now - post.accepted_at).num_seconds().max(0) as f64 / 3600.0;
        let mut chance = Chance::seeded(state.switches.seed ^ fingerprint(&post.id));
        let mut between = |low: f64, high: f64| {
            let fraction = (chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            low + (high - low) * fraction
        };
        let views = between(400.0, 6000.0) * (1.0 - (-hours / PACE).exp());
        let mut share = |low: f64, high: f64| (views * between(low, high)) as u64;
        let has_video = post.media.iter().any(|media| media.kind == "video");
        Self {
            views: views as u64,
            reach: share(0.6, 0.9),
            likes: share(0.02, 0.06),
            loves: share(0.002, 0.01),
            comments: share(0.002, 0.01),
            shares: share(0.002, 0.01),
            quotes: share(0.0, 0.003),
            saves: share(0.004, 0.02),
            clicks: share(0.01, 0.03),
            plays: share(0.3, 0.6) * u64::from(has_video),
        }
    }
}

/// FNV-1a.
fn fingerprint(id: &str) -> u64 {
    id.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
