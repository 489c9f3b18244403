//! The subcommands of `posthaste-sandbox`.

pub mod networks;
pub mod seed;
