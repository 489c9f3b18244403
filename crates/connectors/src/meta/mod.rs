//! What Facebook and Instagram share: the Graph API, its errors and the Facebook Login.

mod error;
mod graph;
pub mod insights;
pub mod oauth;

use std::time::Duration;

pub use error::{exhausted, is_gone};
pub use graph::{Graph, time};

/// The pinned version of the Graph API (networks.md, 2.1: v26.0 of 2026-07-29 is the latest).
pub const VERSION: &str = "v26.0";
/// Host of the Graph API.
pub const GRAPH: &str = "graph.facebook.com";
/// Host of video sessions.
pub const GRAPH_VIDEO: &str = "graph-video.facebook.com";
/// Host of resumable uploads.
pub const UPLOADS: &str = "rupload.facebook.com";
/// How long the read of a permalink may hold up a post that is live already.
pub const COSMETIC: Duration = Duration::from_secs(10);
