//! API keys, the request log and usage.

mod changes;
mod keys;
mod log;
mod owners;
mod traffic;
mod usage;
