//! What a simulated network has to offer. The pipeline around it applies faults, records the
//! request and writes the log.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::Value;

use super::{
    Networks,
    accounts::Account,
    answer::Answer,
    call::Call,
    kinds::{Network, Operation},
    state::State,
    tokens::Death,
};

/// What a call is about, as far as can be told before it is handled.
#[derive(Clone, Debug)]
pub struct Class {
    /// Network.
    pub network: Network,
    /// What for.
    pub operation: Operation,
    /// Account concerned, when known.
    pub account: Option<String>,
}

/// A refusal that a fault asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many calls.
    RateLimited {
        /// Status instead of the usual one.
        status: Option<u16>,
        /// Seconds until the limit ends.
        retry_after: u64,
    },
    /// The network's own trouble.
    ServerError {
        /// Status instead of the usual one.
        status: Option<u16>,
    },
    /// The same content was posted before.
    Duplicate,
}

/// One simulated network, or two that share hosts.
#[async_trait]
pub trait Module: Send + Sync {
    /// The real hosts it stands for.
    fn hosts(&self) -> &'static [&'static str];

    /// The networks it serves.
    fn networks(&self) -> &'static [Network];

    /// What a call is about. Must be right about [`Operation::Publish`]: exactly the calls that
    /// can make a post visible.
    fn classify(&self, state: &State, call: &Call) -> Class;

    /// Handles a call, strictly. Never hold the state across an `await`.
    async fn handle(&self, networks: &Networks, call: &Call) -> Answer;

    /// The network's own wording of a refusal.
    fn refuse(&self, networks: &Networks, class: &Class, refusal: Refusal) -> Answer;

    /// A grant as if the person had just allowed it: `{accessToken, tokenType, expiresIn,
    /// scopes, refreshToken?, ..}`. Without `scopes`, everything needed for publishing.
    fn grant(
        &self,
        networks: &Networks,
        account: &Account,
        scopes: Option<BTreeSet<String>>,
    ) -> Value;

    /// Ends the tokens of an account, for the token faults.
    fn end_tokens(&self, state: &mut State, network: Network, account: &str, death: Death) {
        state
            .tokens
            .end_account(account, death, |grant| grant.network == network);
    }

    /// Work that becomes due by time, several times a second.
    fn tick(&self, _networks: &Networks) {}
}
