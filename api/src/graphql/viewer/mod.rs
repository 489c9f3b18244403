//! Who asks, signing in and out, and a person's sessions.

mod factor;
mod mutation;
mod passkey;
mod query;
mod session;
mod types;

pub use factor::{FactorMutation, FactorQuery};
pub use mutation::ViewerMutation;
pub use passkey::{PasskeyMutation, PasskeyQuery};
pub use query::ViewerQuery;
pub use session::{Session, SessionFromProviderPayload};
pub use types::{Person, Viewer};
