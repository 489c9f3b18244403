//! Real adapters of core's ports that need nothing but the standard machine.

mod buckets;
mod cipher;
mod clock;
mod random;
mod steady;

pub use buckets::LocalBuckets;
pub use cipher::AesCipher;
pub use clock::{MovableClock, SystemClock};
pub use random::OsRandom;
pub use steady::SteadyClock;
