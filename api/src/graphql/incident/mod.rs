//! Incidents: what looks like an attack, and what was done about it.

mod mutation;
mod query;
mod types;

pub use mutation::IncidentMutation;
pub use query::IncidentQuery;
pub use types::Incident;
