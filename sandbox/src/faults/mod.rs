//! The fault suite: what `cargo xtask faults` runs. Real processes publish a seeded workload to the
//! simulated networks while something goes wrong; in the end every target is compared with every wall.

mod case;
mod cases;
mod check;
mod client;
mod database;
mod evidence;
mod machine;
mod page;
mod program;
mod proxy;
mod pulse;
mod redis;
mod report;
mod round;
mod run;
mod stage;
mod workload;

pub use run::{Args, run};
