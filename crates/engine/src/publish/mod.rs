//! The publisher: takes due targets, publishes each effectively once, reads back what is unknown.
//!
//! One worker is four loops: claim and publish (`worker`), read back (`read_back`), look for
//! lost leases (`sweep`), and keep leases alive (`heartbeat`). Any number of workers run on one
//! database. What a call's answer means for a target is decided in two pure places, `verdict` and
//! `obstacle`; `model` walks through everything that can happen between them.

mod access;
mod attempt;
mod breaker;
mod clock_guard;
mod crash;
mod heartbeat;
mod held;
mod journal;
mod load;
#[cfg(test)]
mod model;
mod obstacle;
mod read_back;
mod recover;
mod redact;
mod room;
mod settle;
mod sweep;
mod verdict;
mod waited;
mod words;
mod worker;

pub use crash::{Crash, Point};
pub use recover::recover;
pub use worker::{Settings, run, run_as};
