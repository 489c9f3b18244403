//! The domain of Posthaste: values, rules, state machines and the ports through which the rest of
//! the world is reached.
//!
//! Pure by design: no runtime, database, HTTP server or client. Whatever must be read from outside
//! (time, chance, network, files) comes through a trait in [`ports`], so every rule here can be
//! tested with exact values.
//!
//! Where to look: [`target`] holds the state machine of a publication, [`connector`] the contract
//! of a social network, [`post`] what a person writes, [`schedule`] local times and instants,
//! [`bulk`] files of many posts, [`metric`] how live posts do, [`quota`] what networks allow and
//! charge, [`preflight`] what can be known before a post's time, [`outgoing`] where requests may go, [`audit`] the
//! chains of what concerns security, [`oauth`] what apps of others may ask for, [`error`] the one table of error codes, [`ids`] the one list of ids.

pub mod access;
pub mod audit;
pub mod bulk;
pub mod connector;
pub mod error;
pub mod event;
pub mod hex;
pub mod ids;
pub mod incident;
pub mod latency;
pub mod media;
pub mod metric;
mod names;
pub mod network;
pub mod oauth;
pub mod outgoing;
pub mod ports;
pub mod post;
pub mod preflight;
pub mod provenance;
pub mod quota;
pub mod request;
pub mod schedule;
pub mod secret;
pub mod target;
pub mod token;
pub mod webhook;

pub use error::{Error, ErrorCode, Result};
pub use network::Network;
pub use provenance::Provenance;
