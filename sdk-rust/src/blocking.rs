//! For programs without async: the same client, and a runtime to wait on.
//!
//! ```no_run
//! use posthaste_sdk::{blocking, types::PostListOptions};
//!
//! # fn main() -> posthaste_sdk::Result<()> {
//! let client = blocking::Client::sandbox()?;
//! let viewer = client.wait(client.viewer().get())?;
//! println!("{}", viewer.workspace.name);
//! for post in client.iterate(client.posts().list_all(PostListOptions::new())) {
//!     println!("{}", post?.id);
//! }
//! # Ok(())
//! # }
//! ```

use std::{future::IntoFuture, ops::Deref};

use futures_util::{Stream, StreamExt};
use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

/// A client and its runtime. Everything that the client can do is there; [`wait`](Self::wait) turns
/// a call into its answer. Not for use inside async code.
#[derive(Debug)]
pub struct Client {
    client: crate::Client,
    runtime: Runtime,
}

impl Client {
    /// With an API key or session token.
    pub fn new(url: impl AsRef<str>, key: impl Into<String>) -> Result<Self> {
        Self::of(crate::Client::new(url, key)?)
    }

    /// Of the sandbox that runs on this machine.
    pub fn sandbox() -> Result<Self> {
        Self::of(crate::Client::sandbox()?)
    }

    /// Of a client with settings of its own.
    pub fn of(client: crate::Client) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Error::Setup(format!("no runtime can be started: {error}")))?;
        Ok(Self { client, runtime })
    }

    /// Waits for a call or any future.
    pub fn wait<F: IntoFuture>(&self, work: F) -> F::Output {
        self.runtime.block_on(work.into_future())
    }

    /// The items of a stream, one after the other.
    pub fn iterate<S: Stream + Unpin>(&self, mut stream: S) -> impl Iterator<Item = S::Item> {
        std::iter::from_fn(move || self.runtime.block_on(stream.next()))
    }
}

impl Deref for Client {
    type Target = crate::Client;

    fn deref(&self) -> &crate::Client {
        &self.client
    }
}
