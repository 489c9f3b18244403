//! API keys, the request log and usage.

mod changes;
mod keys;
mod log;
mod traffic;
mod usage;
