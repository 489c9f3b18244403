//! Bulk jobs: files of many posts.

mod mutation;
mod query;
mod result;
mod subscription;
mod types;

pub use mutation::BulkMutation;
pub use query::BulkQuery;
pub use result::BulkResult;
pub use subscription::BulkSubscription;
pub use types::BulkJob;
