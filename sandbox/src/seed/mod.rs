//! The sample workspaces: the same people, keys and accounts in every run of one sandbox.

mod accounts;
mod people;

pub use accounts::Control;
pub use people::{Facts, Person, seed};
