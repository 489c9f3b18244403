//! The runtime against a server of our own on this machine, which answers as the tests say.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod bulk;
mod follow;
mod lists;
mod requests;
mod stub;
mod uploads;
