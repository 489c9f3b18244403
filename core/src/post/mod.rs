//! What a person writes: content, variants per network or connection, and its rules.

mod body;
mod problem;

pub use body::{
    Content, ContentKind, Crop, Fit, LinkTracking, MediaRef, PostBody, TargetSettings, Variant,
};
pub use problem::{Problem, Severity};
