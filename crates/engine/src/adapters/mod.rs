//! Real adapters of core's ports: what needs nothing but the standard machine, and Redis.

mod buckets;
mod clock;
mod key_ring;
mod mail;
mod random;
mod redis;
mod steady;
mod tally;

pub use buckets::LocalBuckets;
pub use clock::{MovableClock, SystemClock};
pub use key_ring::{KeyRing, KeySource};
pub use mail::{Mailbox, Smtp, SmtpSettings};
pub use random::OsRandom;
pub use redis::{Redis, RedisBuckets, RedisTally};
pub use steady::SteadyClock;
pub use tally::LocalTally;
