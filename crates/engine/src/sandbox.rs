//! What exists in a sandbox only: orders to the simulated networks, the movable clock, scenarios, and
//! sample posts. Everywhere else each function answers `SANDBOX_ONLY`.
//!
//! Orders go to the networks' control API (sandbox/README.md) through the Http port, at the address
//! in the configuration.

mod account;
mod clock;
mod control;
mod fault;
mod figures;
mod reset;
pub mod sample;
mod scenario;

use posthaste_core::{Result, access::Permission};

pub use account::connect;
pub use clock::{Advance, Clock, clock, clock_advance, clock_reset};
pub use fault::{
    Fault, FaultInForce, FaultKind, MAX_FAULTS, Operation, fault_script, faults, faults_clear,
};
pub use reset::{Reset, reset};
pub use scenario::{Scenario, scenario, scenario_play};

use crate::{Actor, App};
use control::Control;

/// The address of the simulated networks; none elsewhere.
pub fn networks_url<'a>(app: &'a App, actor: &Actor) -> Result<Option<&'a str>> {
    actor.require(Permission::Read)?;
    let base = app.hosts.base.as_deref().filter(|_| app.sandbox);
    Ok(base)
}
