//! What faults make the Graph say.

use serde_json::json;

use super::{
    super::{
        answer::Answer,
        kinds::Network,
        module::{Class, Refusal},
        switches::Switches,
    },
    error::GraphError,
};

/// The network's wording of a refusal.
pub fn answer(switches: &Switches, class: &Class, refusal: Refusal) -> Answer {
    match refusal {
        Refusal::RateLimited {
            status,
            retry_after,
        } => {
            let error = throttled(class.network);
            let error = status.map_or(error.clone(), |status| error.with_status(status));
            usage(error.answer(switches), class, 100, retry_after)
        }
        Refusal::ServerError { status } => GraphError::new(
            2,
            None,
            "An unexpected error has occurred. Please retry your request later.",
        )
        .passing()
        .with_status(status.unwrap_or(500))
        .answer(switches),
        Refusal::Duplicate => duplicate().answer(switches),
    }
}

/// 506: the same as the post before.
pub fn duplicate() -> GraphError {
    GraphError::new(506, Some(1_455_006), "(#506) Duplicate status message")
}

/// Too many calls.
pub fn throttled(network: Network) -> GraphError {
    if network == Network::Instagram {
        let text = "(#80002) There have been too many calls to this Instagram account. Wait a bit \
                    and try again.";
        GraphError::new(80002, None, text)
    } else {
        let text = "(#80001) There have been too many calls to this Page account. Wait a bit and \
                    try again.";
        GraphError::new(80001, None, text)
    }
}

/// Adds the usage headers: percent of the limit, and seconds until calls are taken again.
pub fn usage(answer: Answer, class: &Class, percent: u32, retry_after: u64) -> Answer {
    let kind = if class.network == Network::Instagram {
        "instagram"
    } else {
        "pages"
    };
    let account = class.account.clone().unwrap_or_else(|| "0".into());
    let app = json!({ "call_count": percent, "total_time": percent, "total_cputime": percent });
    let business = json!({ account: [{
        "type": kind,
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": retry_after.div_ceil(60),
    }] });
    answer
        .with("x-app-usage", &app.to_string())
        .with("x-business-use-case-usage", &business.to_string())
}
