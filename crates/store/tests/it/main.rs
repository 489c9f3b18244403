//! Tests of the store on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod audit;
mod breakers;
mod budgets;
mod migrations;
mod partitions;
mod plans;
mod queue;
mod state_machine;
mod texts;
mod tls;
mod wall;
