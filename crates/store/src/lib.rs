//! PostgreSQL: the only crate that writes SQL.
//!
//! Two definitions per entity: a row here, typed with core's ids and enums, and the GraphQL wrapper
//! in `api`. Functions take a connection and are grouped by table; the use cases in `engine` compose
//! them inside one transaction ([`Database::begin`]). Every query on a workspace's data takes the
//! workspace's id; business times are bound, never `now()`.
//!
//! To add a table: a migration (see `migrations/README.md`), its lines in `schema.rs`, a module with
//! the row and its queries, an index for each query and a line in `tests/it/plans.rs`.

pub mod access;
mod address;
pub mod audit;
pub mod budget;
mod cached;
pub mod connection;
pub mod content;
pub mod data_key;
mod database;
mod error;
pub mod event;
pub mod gauges;
pub mod grant;
pub mod idempotency;
pub mod identity;
pub mod incident;
pub mod invitation;
pub mod job;
mod json;
pub mod key;
pub mod lane;
pub mod mail;
pub mod media;
pub mod member;
pub mod metric;
mod migrate;
pub mod mutex;
pub mod network_state;
pub mod node;
pub mod oauth;
mod page;
pub mod partition;
pub mod passkey;
pub mod person;
pub mod place;
pub mod post;
pub mod preflight;
pub mod provider_step;
pub mod publish;
pub mod quota;
pub mod quota_reading;
pub mod request_log;
pub mod revocation;
pub mod role;
#[expect(missing_docs, reason = "the migrations describe the tables")]
pub mod schema;
mod scope;
pub mod sealed;
pub mod second_factor;
pub mod standing;
pub mod target;
pub mod team;
mod team_role;
pub mod timeline;
pub mod usage;
pub mod wall;
pub mod webhook;
pub mod workspace;

pub use address::{Address, Wire};
use cached::CachedExt;
pub use database::{Conn, Database, PoolSettings, PoolStatus, Tx, database_time};
pub use error::StoreExt;
pub use json::Json;
pub use migrate::{migrate, pending_migrations, revert_all};
pub use page::{Page, PageRequest, Slice};
pub use scope::Scope;
