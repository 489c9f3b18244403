//! Webhooks: endpoints, deliveries, and who works on them.
//!
//! The endpoint's row is the lock: whoever takes, adds or settles deliveries of an endpoint locks it
//! first. Every write after a claim names its token.

pub mod delivery;
pub mod endpoint;
pub mod work;

pub use delivery::{Attempt, Delivery};
pub use endpoint::Endpoint;
