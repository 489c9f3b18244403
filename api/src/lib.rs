//! GraphQL and REST, and everything behind the `posthaste` binary.
//!
//! Where to look: [`graphql`] holds the schema by area, [`rest`] the routes around it, [`commands`]
//! one file for each subcommand, [`config`] one for each section of the configuration, [`app`] the
//! only place where real adapters meet ports.

// The merged root types nest one layer for each area.
#![recursion_limit = "256"]

pub mod app;
pub mod commands;
pub mod config;
mod cookie;
pub mod graphql;
mod logs;
mod relay;
pub mod rest;
pub mod server;
pub mod ticket;
pub mod tls;
