//! Everything that happened, in one order: read it, or follow it live.

mod query;
mod resume;
mod subscription;
mod types;

use async_graphql::ID;
use posthaste_core::{Result, event::EventType};
use posthaste_store::event::Filter;

use super::scalars::{self, Named};

pub use query::EventQuery;
pub use resume::{Resume, Trail};
pub use subscription::{EventSubscription, GivenEvent};
pub use types::Event;

/// The log's name in its cursors.
pub(super) const LIST: &str = "events";

/// The arguments by which the log is narrowed.
fn filter(types: Option<Vec<Named<EventType>>>, post: Option<ID>) -> Result<Filter> {
    Ok(Filter {
        kinds: types
            .unwrap_or_default()
            .into_iter()
            .map(|kind| kind.0)
            .collect(),
        post: post.map(|id| scalars::id(&id, &["postId"])).transpose()?,
    })
}
