//! The social networks: their limits and features as data, and how they stand.

mod health;
mod query;
mod rules;
mod types;

pub use query::NetworkQuery;
pub use types::{ContentKind, NetworkInfo};
