//! Finds and runs a private PostgreSQL: one cluster in one folder, reachable only through a Unix
//! socket, started and stopped by the process that needs it.
//!
//! - [`Binaries`] finds an installation, [`fetch`] brings one when there is none.
//! - [`Cluster`] makes, starts and stops a cluster; it never stops one that it did not start.
//! - [`shared`] is the one cluster that all tests of a checkout use.

mod account;
mod cluster;
mod error;
mod fetch;
mod find;
mod initdb;
mod launch;
mod place;
pub mod process;
mod server;
pub mod shared;
mod sql;

pub use cluster::{Cluster, Options, remove};
pub use error::Error;
pub use fetch::fetch;
pub use find::{Binaries, NotFound, OLDEST_MAJOR, Search};
pub use launch::Durability;
