//! Posthaste as people run it: the real programs, started by `posthaste sandbox`, used over HTTP and
//! with `kill`. Each test has a sandbox of its own under `target/e2e`, whose logs stay when it fails.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod client;
mod clock;
mod connect;
mod examples;
mod kills;
mod lifecycle;
mod nodes;
mod program;
mod read_back;
mod sandbox;
