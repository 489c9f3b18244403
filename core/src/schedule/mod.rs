//! Local times in a zone, and the instants they mean.

mod local;

pub use local::{LocalTime, Resolved, Shift, parse_instant, parse_local, parse_zone};
