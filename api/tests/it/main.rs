//! Tests of the API through its router, on a real database.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod access;
mod bad_input;
mod bulk;
mod cli;
mod conformance;
mod connection;
mod console;
mod developer;
mod dry_run;
mod event;
mod guides;
mod http;
mod idempotency;
mod limits;
mod media;
mod metrics;
mod network;
mod oauth;
mod operations;
mod operators;
mod persisted;
mod post;
mod preflight;
mod quota;
mod sandbox;
mod schema;
mod session;
mod setup;
mod socket;
mod sse;
mod target;
mod timeline;
mod typed_errors;
mod webhook;
mod world;
