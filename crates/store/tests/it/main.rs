//! Tests of the store on a real PostgreSQL.

mod migrations;
mod plans;
mod state_machine;
