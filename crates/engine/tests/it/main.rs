//! Use cases on a real database, with frozen time, seeded chance and scripted networks.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod audit;
mod bulk;
mod event;
mod mail;
mod media;
mod metric;
mod node;
mod redis;
mod retention;
mod smtp;
mod tokens;
mod vault;
mod webhook;
mod world;
