//! What exists in a sandbox only: the movable clock, faults and scenarios of the simulated networks,
//! and the way back to the beginning. Elsewhere the mutations answer `SANDBOX_ONLY`.

mod fault;
mod mail;
mod mutation;
mod query;

pub use mutation::SandboxMutation;
pub use query::SandboxQuery;
