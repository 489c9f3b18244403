//! The way of every call: faults before, the network, faults after, request log.

use std::{sync::Arc, time::Duration};

use super::{
    Networks,
    answer::Answer,
    call::Call,
    faults::{FaultKind, FaultRule},
    module::{Class, Module, Refusal},
    requests::RequestRecord,
    tokens::Death,
};

/// What the client gets to see.
pub enum Outcome {
    /// The answer.
    Answer(Answer),
    /// Half of the answer, then the connection closes.
    Truncated(Answer),
    /// The connection closes.
    Cut,
}

impl Outcome {
    fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Answer(answer) | Self::Truncated(answer) => Some(answer),
            Self::Cut => None,
        }
    }
}

/// Runs a call. Must run to its end even when the client goes away: networks do not stop for that.
pub async fn run(networks: Networks, module: Arc<dyn Module>, mut call: Call) -> Outcome {
    let (class, faults) = {
        let mut state = networks.state();
        let class = module.classify(&state, &call);
        let faults = state
            .faults
            .take(class.network, class.account.as_deref(), class.operation);
        (class, faults)
    };
    let (outcome, accepted) = apply(&networks, &module, &mut call, &class, &faults).await;
    record(&networks, &call, class, &faults, &outcome, accepted);
    outcome
}

/// Applies the faults around the call; also whether a post became visible.
async fn apply(
    networks: &Networks,
    module: &Arc<dyn Module>,
    call: &mut Call,
    class: &Class,
    faults: &[FaultRule],
) -> (Outcome, bool) {
    let mut late_ms = 0;
    let mut after = None;
    for fault in faults {
        let status = fault.status;
        match fault.kind {
            FaultKind::Delay => sleep(fault.delay_ms).await,
            FaultKind::DelayAfter => late_ms += fault.delay_ms,
            FaultKind::ReadBackLag => call.lag_ms = call.lag_ms.max(fault.delay_ms),
            FaultKind::RevokeToken => end_tokens(networks, module, class, Death::Revoked),
            FaultKind::ExpireToken => end_tokens(networks, module, class, Death::Expired),
            FaultKind::CutBefore => return (Outcome::Cut, false),
            FaultKind::RateLimited => {
                let retry_after = fault.retry_after_seconds.unwrap_or(60);
                let refusal = Refusal::RateLimited {
                    status,
                    retry_after,
                };
                return (
                    Outcome::Answer(module.refuse(networks, class, refusal)),
                    false,
                );
            }
            FaultKind::ErrorBefore => {
                let refusal = Refusal::ServerError { status };
                return (
                    Outcome::Answer(module.refuse(networks, class, refusal)),
                    false,
                );
            }
            FaultKind::Duplicate => {
                return (
                    Outcome::Answer(module.refuse(networks, class, Refusal::Duplicate)),
                    false,
                );
            }
            FaultKind::ErrorAfter | FaultKind::CutAfter | FaultKind::Truncate => {
                after = Some(fault);
            }
        }
    }
    let answer = module.handle(networks, call).await;
    let accepted = answer.accepted;
    sleep(late_ms).await;
    let outcome = match after.map(|fault| (fault.kind, fault.status)) {
        Some((FaultKind::ErrorAfter, status)) => {
            Outcome::Answer(module.refuse(networks, class, Refusal::ServerError { status }))
        }
        Some((FaultKind::CutAfter, _)) => Outcome::Cut,
        Some((FaultKind::Truncate, _)) => Outcome::Truncated(answer),
        _ => Outcome::Answer(answer),
    };
    (outcome, accepted)
}

fn end_tokens(networks: &Networks, module: &Arc<dyn Module>, class: &Class, death: Death) {
    if let Some(account) = &class.account {
        module.end_tokens(&mut networks.state(), class.network, account, death);
    }
}

async fn sleep(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

fn record(
    networks: &Networks,
    call: &Call,
    class: Class,
    faults: &[FaultRule],
    outcome: &Outcome,
    accepted: bool,
) {
    let record = RequestRecord {
        seq: 0,
        at: networks.now(),
        network: class.network,
        method: call.method.to_string(),
        host: call.host.clone(),
        path: format!("/{}", call.path.join("/")),
        query: call.query_record(),
        body: call.body_record(),
        operation: class.operation,
        account: class.account,
        status: outcome.answer().map(|answer| answer.status.as_u16()),
        accepted,
        faults: faults
            .iter()
            .map(|fault| format!("{:?}", fault.kind))
            .collect(),
    };
    networks.state().requests.add(record);
}
