//! What a document costs, in points, and who pays. `docs/guides/09-rate-limits.md` is about this.
//!
//! Before a document runs, its complexity is reserved: one point for each field, those of lists once
//! for each item asked for. Afterwards it has cost one point for each field in the answer, and the rest
//! is given back. Every change costs [`CHANGE`] more. A subscription costs its document, once.

mod bill;
mod extension;
mod query;

pub use extension::Cost;
pub use query::CostQuery;

/// What a root field of a mutation costs beyond its fields: a transaction, events, a place in the queue.
const CHANGE: u32 = 10;
