//! Call limits and their headers: per account in 15 minutes, posts also per application and day.

use super::super::{answer::Answer, limits::Usage, switches::RateLimits};
use super::auth::At;

/// 15 minutes.
const WINDOW: i64 = 15 * 60;
/// 24 hours.
const DAY: i64 = 24 * 60 * 60;
/// Reads of posts by id, per account (rate-limits table).
const LOOKUPS: u32 = 5000;

/// Calls that share a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// New posts.
    Posts,
    /// Deletions.
    Deletes,
    /// Posts of an account.
    Timeline,
    /// Posts by id.
    Lookup,
    /// The own user.
    Me,
    /// A call of the media endpoints, each with its own count.
    Media(&'static str),
}

impl Bucket {
    fn limit(self, limits: &RateLimits) -> u32 {
        match self {
            Self::Posts => limits.x_posts_per_window,
            Self::Deletes => limits.x_deletes_per_window,
            Self::Timeline => limits.x_timeline_reads_per_window,
            Self::Lookup => LOOKUPS,
            Self::Me => limits.x_me_reads_per_window,
            Self::Media(_) => limits.x_media_calls_per_window,
        }
    }
}

/// The limits after a call.
pub struct Used {
    user: Usage,
    app: Option<Usage>,
}

impl Used {
    /// The call is one too many.
    pub fn exceeded(&self) -> bool {
        self.user.exceeded || self.app.is_some_and(|app| app.exceeded)
    }

    /// Adds the headers. When the application's day is full, its end is the reset that counts.
    pub fn on(&self, answer: Answer) -> Answer {
        let Some(app) = self.app else {
            return headers(answer, "x-rate-limit", self.user);
        };
        let answer = headers(answer, "x-app-limit-24hour", app);
        headers(
            answer,
            "x-rate-limit",
            if app.exceeded { app } else { self.user },
        )
    }
}

/// Counts a call. Limits that are not enforced count nothing and show themselves unused.
pub fn count(at: &At<'_>, bucket: Bucket) -> Used {
    let now = at.networks.now();
    let mut state = at.networks.state();
    let limits = &state.switches.rate_limits;
    let (enabled, limit, daily) = (
        limits.enabled,
        bucket.limit(limits),
        limits.x_posts_per_app_day,
    );
    let mut hit = |key: String, limit: u32, window: i64| {
        state.limits.hit_if(enabled, &key, limit, window, now)
    };
    Used {
        user: hit(format!("X {} {bucket:?}", at.account.id), limit, WINDOW),
        app: (bucket == Bucket::Posts)
            .then(|| hit(format!("X app {}", at.bearer.grant.client_id), daily, DAY)),
    }
}

/// The headers of a limit that ends at `reset` (unix seconds).
pub fn exhausted(reset: i64, answer: Answer) -> Answer {
    let usage = Usage {
        limit: 100,
        remaining: 0,
        reset,
        exceeded: true,
    };
    headers(answer, "x-rate-limit", usage)
}

fn headers(answer: Answer, prefix: &str, usage: Usage) -> Answer {
    answer
        .with(&format!("{prefix}-limit"), &usage.limit.to_string())
        .with(&format!("{prefix}-remaining"), &usage.remaining.to_string())
        .with(&format!("{prefix}-reset"), &usage.reset.to_string())
}
