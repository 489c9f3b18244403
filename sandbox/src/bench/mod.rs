//! Benchmarks: what `cargo xtask bench` runs.

pub mod api;
mod ground;
mod program;
pub mod publish;
mod spread;

pub(crate) use spread::quantile;
