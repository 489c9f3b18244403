//! The simulated networks, spoken to over HTTP as Posthaste does.

mod facebook;
mod faults;
mod whole;
mod world;
