//! The subcommands of `posthaste-sandbox`.

pub mod networks;
