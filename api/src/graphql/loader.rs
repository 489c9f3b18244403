//! Loading by key, many at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use async_graphql::dataloader::DataLoader;
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

/// A batch is loaded once nothing was asked for this long …
const QUIET: Duration = Duration::from_millis(1);
/// … but at the latest after so many times.
const LONGEST: usize = 50;

/// A [`DataLoader`] that waits until a list has asked for all it needs.
///
/// The library resolves a long list a few items at a time and gives way in between, so that a fixed
/// delay cuts it into many small batches on a busy machine.
pub struct Batches {
    loader: DataLoader<Loader>,
    asked: Arc<AtomicUsize>,
}

impl Batches {
    /// The loader of one caller.
    pub fn new(loader: Loader) -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        let spawn = move |batch| {
            let asked = counter.clone();
            tokio::spawn(async move {
                until_quiet(&asked).await;
                batch.await;
            })
        };
        Self {
            loader: DataLoader::new(loader, spawn).delay(Duration::ZERO),
            asked,
        }
    }

    /// The loader, about to be asked for something.
    pub fn ask(&self) -> &DataLoader<Loader> {
        self.asked.fetch_add(1, Relaxed);
        &self.loader
    }
}

async fn until_quiet(asked: &AtomicUsize) {
    for _ in 0..LONGEST {
        let before = asked.load(Relaxed);
        tokio::time::sleep(QUIET).await;
        if asked.load(Relaxed) == before {
            return;
        }
    }
}
