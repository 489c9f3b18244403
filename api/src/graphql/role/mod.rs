//! Roles: the built-in ones, and those that a workspace makes.

mod mutation;
mod query;
mod types;

pub use mutation::RoleMutation;
pub use query::RoleQuery;
pub use types::{CustomRole, choice};
