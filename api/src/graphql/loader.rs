//! Loading by key, many at once.

use std::sync::Arc;

use posthaste_core::Error;
use posthaste_engine::{Actor, App};

/// Loads rows by key for one caller. Each area implements [`async_graphql::dataloader::Loader`] on it
/// for its own keys, so that a list asks once for what hangs on its items.
pub struct Loader {
    /// The application.
    pub app: App,
    /// For whom.
    pub actor: Actor,
}

impl Loader {
    /// A loader for one caller.
    pub fn new(app: App, actor: Actor) -> Self {
        Self { app, actor }
    }
}

/// What a loader fails with; the same for all keys of a batch.
pub type LoadError = Arc<Error>;
