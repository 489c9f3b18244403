//! The GraphQL schema, by area.
//!
//! Each area has `types.rs`, and `query.rs`, `mutation.rs`, `subscription.rs` as far as it needs
//! them; [`schema`] merges them. Beside the areas: who asks ([`context`]), errors ([`errors`],
//! [`payload`]), lists ([`page`]), loading without N+1 ([`loader`]), names from core's tables
//! ([`scalars`]), how large a document may be ([`limits`]), what it costs ([`cost`]), repeats ([`idempotency`]), and
//! what the request log is told ([`noting`]), which operation is meant ([`chosen`]) and whether its values
//! can be used ([`variables`]), nulls where fields failed ([`nulls`]), fields in the order of the request
//! ([`order`]).
//!
//! To add a field: describe it (a test insists), authorize in the use case, never here; ids come as
//! `ID` and are read with [`scalars::id`] so that a wrong one names its place.

pub mod access;
pub mod audit;
pub mod chosen;
pub mod connection;
pub mod context;
pub mod cost;
pub mod developer;
pub mod errors;
pub mod event;
pub mod idempotency;
pub mod identity;
pub mod incident;
pub mod job;
pub mod limits;
pub mod loader;
pub mod media;
pub mod member;
pub mod network;
pub mod node;
pub mod noting;
pub mod nulls;
pub mod oauth;
pub mod order;
pub mod page;
pub mod payload;
pub mod person;
pub mod post;
pub mod quota;
pub mod role;
pub mod sandbox;
pub mod scalars;
pub mod schema;
pub mod target;
pub mod team;
pub mod variables;
pub mod viewer;
pub mod webhook;
pub mod workspace;

pub use context::Caller;
pub use schema::{ApiSchema, build, sdl};
