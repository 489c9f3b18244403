//! Faults on demand: rules that are matched against every call.

use serde::{Deserialize, Serialize};

use super::{
    chance::Chance,
    kinds::{Network, Operation},
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Wait `delayMs`, then go on.
    Delay,
    /// Go on, then wait `delayMs` before the answer.
    DelayAfter,
    /// Refuse with the network's rate-limit answer.
    RateLimited,
    /// Answer 5xx without accepting.
    ErrorBefore,
    /// Accept, then answer 5xx.
    ErrorAfter,
    /// Close the connection without accepting.
    CutBefore,
    /// Accept, then close the connection without an answer.
    CutAfter,
    /// Accept, then send half of the answer and close.
    Truncate,
    /// End the account's tokens, then go on.
    RevokeToken,
    /// Let the account's access tokens expire, then go on.
    ExpireToken,
    /// A post made by this call is listed `delayMs` later; a list made by it misses posts that
    /// are younger than `delayMs`.
    ReadBackLag,
    /// Refuse as duplicate content.
    Duplicate,
}

impl FaultKind {
    /// The call ends with this fault: no other is applied.
    fn is_final(self) -> bool {
        !matches!(
            self,
            Self::Delay
                | Self::DelayAfter
                | Self::RevokeToken
                | Self::ExpireToken
                | Self::ReadBackLag
        )
    }
}

/// A rule as the control API takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// Network it is for.
    pub network: Network,
    /// Account id; all when absent.
    #[serde(default)]
    pub account: Option<String>,
    /// Operation; all when absent.
    #[serde(default = "any")]
    pub operation: Operation,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many calls it hits; `null` until removed. Default 1.
    #[serde(default = "once")]
    pub times: Option<u64>,
    /// Matching calls to let pass first.
    #[serde(default)]
    pub skip: u64,
    /// Chance from 0 to 1; always when absent.
    #[serde(default)]
    pub probability: Option<f64>,
    /// Milliseconds of real time, for `delay`, `delay_after` and `read_back_lag`.
    #[serde(default)]
    pub delay_ms: u64,
    /// Status, for `rate_limited`, `error_before` and `error_after`.
    #[serde(default)]
    pub status: Option<u16>,
    /// Seconds until the limit ends, for `rate_limited`. Default 60.
    #[serde(default)]
    pub retry_after_seconds: Option<u64>,
}

fn any() -> Operation {
    Operation::Any
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn once() -> Option<u64> {
    Some(1)
}

/// A rule in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// For `DELETE /control/faults/{id}`.
    pub id: u64,
    /// The rule; `times` and `skip` count down.
    #[serde(flatten)]
    pub rule: FaultRule,
    /// How many calls it hit.
    pub hits: u64,
}

/// All rules in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Faults {
    next_id: u64,
    active: Vec<Fault>,
    chance: Chance,
}

impl Faults {
    /// No rules.
    pub fn seeded(seed: u64) -> Self {
        Self {
            next_id: 1,
            active: Vec::new(),
            chance: Chance::seeded(seed),
        }
    }

    /// Puts a rule in force.
    pub fn add(&mut self, rule: FaultRule) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.active.push(Fault { id, rule, hits: 0 });
        id
    }

    /// The rules in force.
    pub fn active(&self) -> &[Fault] {
        &self.active
    }

    /// Removes one rule; false when there is none of this id.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.active.len();
        self.active.retain(|fault| fault.id != id);
        self.active.len() < before
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.active.clear();
    }

    /// Starts the generator again.
    pub fn reseed(&mut self, seed: u64) {
        self.chance = Chance::seeded(seed);
    }

    /// The rules that hit a call, in the order they were added, at most one final one. A call
    /// about no known account is hit only by rules for all accounts.
    pub fn take(
        &mut self,
        network: Network,
        account: Option<&str>,
        operation: Operation,
    ) -> Vec<FaultRule> {
        let mut hits = Vec::new();
        for fault in &mut self.active {
            if !matches(&fault.rule, network, account, operation) || fault.rule.times == Some(0) {
                continue;
            }
            if fault.rule.skip > 0 {
                fault.rule.skip -= 1;
                continue;
            }
            if fault.rule.probability.is_some_and(|p| !self.chance.hit(p)) {
                continue;
            }
            fault.rule.times = fault.rule.times.map(|n| n - 1);
            fault.hits += 1;
            hits.push(fault.rule.clone());
            if fault.rule.kind.is_final() {
                break;
            }
        }
        self.active.retain(|fault| fault.rule.times != Some(0));
        hits
    }
}

fn matches(
    rule: &FaultRule,
    network: Network,
    account: Option<&str>,
    operation: Operation,
) -> bool {
    rule.network == network
        && (rule.operation == Operation::Any || rule.operation == operation)
        && (rule.account.is_none() || rule.account.as_deref() == account)
}
