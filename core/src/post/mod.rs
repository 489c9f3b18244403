//! What a person writes: content, variants per network or connection, and its rules.

mod body;
mod link;
mod problem;
mod status;

pub use body::{
    Content, ContentKind, Crop, Fit, LinkTracking, MediaRef, PostBody, TargetSettings, Variant,
};
pub use link::tracked;
pub use problem::{Problem, Severity};
pub use status::PostStatus;
