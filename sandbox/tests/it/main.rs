//! The simulated networks, spoken to over HTTP as Posthaste does.

mod facebook;
mod facebook_media;
mod faults;
mod files;
mod instagram;
mod meta_login;
mod whole;
mod world;
