//! Teams: groups of members with a role beside their own.

mod mutation;
mod query;
mod types;

pub use mutation::TeamMutation;
pub use query::TeamQuery;
pub use types::Team;
