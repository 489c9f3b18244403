//! What must not lie readable in the database: sealed under a key of its workspace's own, which is itself
//! wrapped by a master key. `docs/secrets.md` tells operators what they need to know.
//!
//! - [`Vault`]: the Cipher port; keeps unwrapped data keys for as long as the process lives
//! - [`crate::adapters::KeyRing`]: master keys from a file, the environment or the server's secret
//! - [`rotate_master`], [`begin_rotation`], [`reseal`]: other keys, while everything runs
//! - [`survey`]: which keys are there and what lies under them

mod cipher;
pub(crate) mod envelope;
mod legacy;
pub(crate) mod place;
mod rotate;
mod survey;

pub use cipher::{TRUST, Vault};
pub use rotate::{Resealed, Rewrapped, begin_rotation, reseal, rotate_master};
pub use survey::{Master, Survey, Version, survey};
