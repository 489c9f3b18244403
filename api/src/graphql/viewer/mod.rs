//! Who asks, and signing in and out.

mod mutation;
mod query;
mod types;

pub use mutation::ViewerMutation;
pub use query::ViewerQuery;
pub use types::{Person, Viewer};
