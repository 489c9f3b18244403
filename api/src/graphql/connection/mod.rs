//! Accounts on the networks.

mod mutation;
mod query;
mod types;

pub use mutation::ConnectionMutation;
pub use query::ConnectionQuery;
pub use types::Connection;
