#![doc = include_str!("../README.md")]

mod auth;
pub mod blocking;
mod call;
mod client;
pub mod error;
mod follow;
// The lint is silent in tests.
#[cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "generated code names its types by their module"
    )
)]
mod generated;
mod limit;
mod page;
mod results;
mod retry;
mod sandbox;
mod transport;
mod upload;
mod value;
pub mod webhook;
mod wire;

/// For `.next()` and `.try_next()` on lists and subscriptions.
pub use futures_util::{StreamExt, TryStreamExt};

pub use call::{Call, Response};
pub use client::{Builder, Client};
pub use error::{Error, Result};
pub use generated::{api, types};
pub use limit::{Cost, RateLimit, Throttle};
pub use page::{Items, Page};
pub use retry::Retry;
pub use sandbox::SandboxFacts;
pub use upload::{BulkUpload, Progress, Upload};
pub use value::Change;
