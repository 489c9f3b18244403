//! For tests only: a database for each test on one shared private PostgreSQL, a Redis for those that
//! need one, and values that repeat.

mod database;
mod metrics;
mod redis;
mod statements;
mod tenant;

pub use database::TestDatabase;
pub use metrics::samples;
pub use redis::TestRedis;
pub use statements::{count_statements, statements};
pub use tenant::rows_of;

use chrono::{DateTime, Utc};
use posthaste_core::ports::FrozenClock;

/// The instant at which tests begin: Monday, 4 January 2027, 08:00 UTC.
pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_799_049_600, 0).unwrap_or_default()
}

/// A clock standing at [`start`].
pub fn clock() -> FrozenClock {
    FrozenClock::new(start())
}
