//! Call limits of pages and Instagram accounts, and the usage headers.

use chrono::{DateTime, Utc};

use super::{
    error::GraphError,
    refuse::{self, throttled},
    route::At,
};
use crate::networks::{
    answer::Answer,
    kinds::{Network, Operation},
    module::Class,
};

const DAY: i64 = 24 * 60 * 60;

/// Usage after a call.
pub struct Usage {
    class: Class,
    percent: u32,
    retry_after: u64,
}

impl Usage {
    /// Adds the headers to an answer.
    pub fn on(&self, answer: Answer) -> Answer {
        refuse::usage(answer, &self.class, self.percent, self.retry_after)
    }
}

/// Counts the call; refuses it when limits are enforced and reached.
pub fn count(at: &At<'_>, network: Network) -> Result<Usage, GraphError> {
    let now: DateTime<Utc> = at.networks.now();
    let mut state = at.networks.state();
    let limits = &state.switches.rate_limits;
    let enforced = limits.enabled;
    let limit = match network {
        Network::Instagram => limits.instagram_calls_per_day,
        _ => limits.facebook_calls_per_day,
    };
    let key = format!("{} {}", network.name(), at.account);
    let usage = state.limits.hit(&key, limit, DAY, now);
    if enforced && usage.exceeded {
        return Err(throttled(network));
    }
    let used = u64::from(usage.limit - usage.remaining) * 100 / u64::from(usage.limit.max(1));
    let percent = if enforced { used as u32 } else { 0 };
    let retry_after = if percent >= 100 {
        (usage.reset - now.timestamp()).max(0) as u64
    } else {
        0
    };
    let account = Some(at.account.to_owned());
    Ok(Usage {
        class: Class {
            network,
            operation: Operation::Any,
            account,
        },
        percent,
        retry_after,
    })
}
