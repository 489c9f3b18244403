//! The `posthaste` binary.

use std::process::ExitCode;

/// Faster and smaller than the system's for many short requests (docs/adr/0023-mimalloc.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    posthaste_api::commands::main()
}
