//! What Posthaste is tried against without the internet: simulated networks whose wire format,
//! limits and errors are those of the real ones, with faults, a movable clock and a log of every
//! accepted post.

pub mod bench;
pub mod commands;
pub mod faults;
pub mod networks;
pub mod seed;
pub mod setup;
pub mod show;
