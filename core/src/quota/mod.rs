//! What networks allow within a time and what they charge, and the sums over both.
//!
//! The built-in figures are data with source and date (`caps.json`, `prices.json`); an operator may
//! replace those of a network. Only figures that a network documents are built in. A network without a
//! cap may still have one, and one without a price may still charge: nothing is known, which is not the
//! same as nothing.

mod month;
mod policy;
mod rules;
mod window;

pub use month::Month;
pub use policy::{OverBudget, WhenFull};
pub use rules::{Cap, Price, Rules, Scope};
pub use window::{fullest, next_free, used_until};

/// The currency of all prices (ISO 4217).
pub const CURRENCY: &str = "USD";

/// Millionths of [`CURRENCY`] as people read them.
pub fn units(millionths: i64) -> f64 {
    millionths as f64 / 1_000_000.0
}
