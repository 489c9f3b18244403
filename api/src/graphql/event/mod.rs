//! Everything that happened, in one order: read it, or follow it live.

mod query;
mod subscription;
mod types;

pub use query::EventQuery;
pub use subscription::EventSubscription;
pub use types::Event;

/// The log's name in its cursors.
pub(super) const LIST: &str = "events";
