//! People: registering, passwords, e-mail addresses, being erased.

mod door;
mod own;

pub use door::DoorMutation;
pub use own::PersonMutation;
