//! Targets: one post on one connection, what happened to it and what people do about it.

mod enums;
mod input;
mod loader;
mod metrics;
mod mutation;
mod preflight;
mod query;
mod subscription;
mod timeline;
mod types;

pub use enums::{IfAbsent, MisfirePolicy, TargetState};
pub use loader::TargetsOf;
pub use metrics::Metric;
pub use mutation::TargetMutation;
pub use query::TargetQuery;
pub use subscription::TargetSubscription;
pub use types::Target;
