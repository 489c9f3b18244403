//! API keys, the request log and usage.

mod keys;
mod log;
mod usage;
