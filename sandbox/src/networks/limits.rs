//! Counting calls in fixed windows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Counters by key; a key names account and bucket.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Limits(HashMap<String, Window>);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Window {
    start: i64,
    used: u32,
}

/// A counter after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Calls allowed in the window.
    pub limit: u32,
    /// Calls left.
    pub remaining: u32,
    /// End of the window, unix seconds.
    pub reset: i64,
    /// The call is one too many.
    pub exceeded: bool,
}

impl Limits {
    /// Counts one call against `limit` per `window_seconds`; a window begins with its first call.
    pub fn hit(&mut self, key: &str, limit: u32, window_seconds: i64, now: DateTime<Utc>) -> Usage {
        let start = now.timestamp();
        let window = self
            .0
            .entry(key.to_owned())
            .or_insert(Window { start, used: 0 });
        if window.start + window_seconds <= start {
            *window = Window { start, used: 0 };
        }
        window.used = window.used.saturating_add(1);
        Usage {
            limit,
            remaining: limit.saturating_sub(window.used),
            reset: window.start + window_seconds,
            exceeded: window.used > limit,
        }
    }

    /// Counts one call when limits are `enforced`; else nothing is counted and the window is
    /// shown unused, so that nobody slows down for a limit that does not exist.
    pub fn hit_if(
        &mut self,
        enforced: bool,
        key: &str,
        limit: u32,
        window_seconds: i64,
        now: DateTime<Utc>,
    ) -> Usage {
        if enforced {
            return self.hit(key, limit, window_seconds, now);
        }
        Usage {
            limit,
            remaining: limit,
            reset: (now.timestamp().div_euclid(window_seconds) + 1) * window_seconds,
            exceeded: false,
        }
    }
}
