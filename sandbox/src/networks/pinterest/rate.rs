//! Call limits by category. The names of the headers were never seen: their prefix is a switch.

use super::super::{Networks, answer::Answer, kinds::Operation, limits::Usage};
use super::auth::At;

const MINUTE: i64 = 60;

/// Rate category of an operation (`x-ratelimit-category` of the specification).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// `org_read`.
    Read,
    /// `org_write`.
    Write,
    /// `org_analytics`: its number was not seen, that of reads stands for it.
    Analytics,
}

/// The limit after a call.
pub struct Used {
    usage: Usage,
    prefix: String,
    now: i64,
}

impl Used {
    /// The call is one too many.
    pub fn exceeded(&self) -> bool {
        self.usage.exceeded
    }

    /// Adds the headers; the reset is in seconds from now.
    pub fn on(&self, answer: Answer) -> Answer {
        let Self { usage, prefix, now } = self;
        answer
            .with(&format!("{prefix}-limit"), &usage.limit.to_string())
            .with(&format!("{prefix}-remaining"), &usage.remaining.to_string())
            .with(
                &format!("{prefix}-reset"),
                &(usage.reset - now).max(0).to_string(),
            )
    }
}

/// Counts a call of the account.
pub fn count(at: &At<'_>, category: Category) -> Used {
    let now = at.networks.now();
    let mut state = at.networks.state();
    let limits = &state.switches.rate_limits;
    let enforced = limits.enabled;
    let limit = match category {
        Category::Read | Category::Analytics => limits.pinterest_reads_per_minute,
        Category::Write => limits.pinterest_writes_per_minute,
    };
    let key = format!("PINTEREST {} {category:?}", at.account.id);
    Used {
        usage: state.limits.hit_if(enforced, &key, limit, MINUTE, now),
        prefix: state.switches.pinterest_rate_header_prefix.clone(),
        now: now.timestamp(),
    }
}

/// The headers of a limit that ends in `retry_after` seconds.
pub fn exhausted(
    networks: &Networks,
    operation: Operation,
    retry_after: u64,
    answer: Answer,
) -> Answer {
    let now = networks.now().timestamp();
    let state = networks.state();
    let limits = &state.switches.rate_limits;
    let reads = matches!(
        operation,
        Operation::Lookup | Operation::Metrics | Operation::Accounts
    );
    let usage = Usage {
        limit: if reads {
            limits.pinterest_reads_per_minute
        } else {
            limits.pinterest_writes_per_minute
        },
        remaining: 0,
        reset: now.saturating_add(retry_after as i64),
        exceeded: true,
    };
    let prefix = state.switches.pinterest_rate_header_prefix.clone();
    Used { usage, prefix, now }.on(answer)
}
