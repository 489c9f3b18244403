//! The simulated networks, spoken to over HTTP as Posthaste does.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod facebook;
mod facebook_media;
mod faults;
mod files;
mod instagram;
mod meta_login;
mod pinterest;
mod whole;
mod world;
mod x;
