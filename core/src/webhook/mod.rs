//! Pure rules of webhooks: where they may go, when a try is repeated, when an endpoint is left alone.

mod address;
mod retry;

pub use address::check_url;
pub use retry::{
    AFTER_TRIES, AT_ONCE, FAILING_FOR, Fate, LONGEST_ASKED, PROBE_EVERY, RETRIES, Standing,
    after_failure, wait,
};
