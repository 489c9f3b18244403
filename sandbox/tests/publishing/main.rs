//! The publisher against the simulated networks, on a real database: faults, tokens, order, time.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod broken_off;
mod doubts;
mod faults;
mod keys;
mod metrics;
mod operators;
mod orders;
mod plain;
mod quotas;
mod recover;
mod timeline;
mod times;
mod tokens;
mod world;
