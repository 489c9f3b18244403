//! Places under the networks' limits, and money.

mod forecast;
mod input;
mod mutation;
mod query;
mod settings;

pub use mutation::QuotaMutation;
pub use query::QuotaQuery;
pub use settings::QuotaSettings;
