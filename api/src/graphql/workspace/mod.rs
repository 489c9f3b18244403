//! The workspace that the credential opens.

mod query;
mod types;

pub use query::WorkspaceQuery;
pub use types::Workspace;
