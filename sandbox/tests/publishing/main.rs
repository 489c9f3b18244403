//! The publisher against the simulated networks, on a real database: faults, tokens, order, time.

mod faults;
mod plain;
mod times;
mod tokens;
mod world;
