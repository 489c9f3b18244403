//! Apps of others, and what people let them do.

mod mutation;
mod query;
mod types;

pub use mutation::OauthMutation;
pub use query::OauthQuery;
pub use types::{OauthApp, OauthGrant};
