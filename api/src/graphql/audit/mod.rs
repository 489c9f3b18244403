//! The audit log.

mod query;
mod types;

pub use query::AuditQuery;
pub use types::AuditEntry;
