//! Webhooks: endpoints, what was delivered to them, and the documents that say what is sent.

mod delivery;
mod input;
mod mutation;
mod payload;
mod query;
mod types;

pub use delivery::WebhookDelivery;
pub use mutation::WebhookMutation;
pub use payload::{DEFAULT_DOCUMENT, Documents};
pub use query::WebhookQuery;
pub use types::WebhookEndpoint;
