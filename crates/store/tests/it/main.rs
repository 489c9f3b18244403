//! Tests of the store on a real PostgreSQL.

mod migrations;
mod state_machine;
