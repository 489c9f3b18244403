//! Signing in by providers, and the identities of people there.

mod mutation;
mod query;
mod types;

pub use mutation::IdentityMutation;
pub use query::IdentityQuery;
pub use types::{Identity, IdentityProvider};
