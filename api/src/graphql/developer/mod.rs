//! For those who build on the API: keys, the request log, how much is used, and how the schema changes.

mod changes;
mod key;
mod key_mutation;
mod key_query;
mod log;
mod usage;

pub use changes::{ChangesQuery, SchemaChange};
pub use key::ApiKey;
pub use key_mutation::KeyMutation;
pub use key_query::KeyQuery;
pub(super) use log::credential;
pub use log::{LogQuery, Logged, LoggedRequest};
pub use usage::UsageQuery;
