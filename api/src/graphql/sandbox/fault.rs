use async_graphql::{Enum, ID, InputObject, MaybeUndefined, SimpleObject};
use posthaste_core::{Error, ErrorCode, Result, ids::ConnectionId};
use posthaste_engine::sandbox::{Fault, FaultInForce, FaultKind, Operation};

use crate::graphql::scalars::{self, Network};

/// What a call to a network is for; faults are aimed by it.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Operation")]
pub enum SandboxOperation {
    /// The one call that makes a post visible.
    Publish,
    /// Invisible steps: uploads, containers.
    Prepare,
    /// Reading back.
    Lookup,
    /// Reading how posts do.
    Metrics,
    /// Reading accounts, pages and boards.
    Accounts,
    /// Anything about tokens.
    Token,
    /// Removing a post.
    Delete,
    /// Every call.
    Any,
}

/// What goes wrong.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "FaultKind")]
pub enum SandboxFaultKind {
    /// The network waits `delayMs`, then goes on.
    Delay,
    /// The network accepts, then waits `delayMs` before it answers.
    DelayAfter,
    /// The network refuses with its rate limit.
    RateLimited,
    /// The network answers with 5xx and accepts nothing.
    ErrorBefore,
    /// The network accepts, but answers with 5xx.
    ErrorAfter,
    /// The connection is cut, nothing was accepted.
    CutBefore,
    /// The connection is cut after the network accepted.
    CutAfter,
    /// The network accepts, but half of its answer is lost.
    Truncate,
    /// The account's access is taken back.
    RevokeToken,
    /// The account's access expires.
    ExpireToken,
    /// The post shows in lists `delayMs` later.
    ReadBackLag,
    /// The network refuses the post as a duplicate.
    Duplicate,
}

/// A fault to put in force.
#[derive(InputObject)]
pub struct SandboxFaultInput {
    /// The network.
    network: Network,
    /// Only calls for this account; it must be on the network.
    connection_id: Option<ID>,
    /// Only calls of this kind; every call when left out.
    operation: Option<SandboxOperation>,
    /// What goes wrong.
    kind: SandboxFaultKind,
    /// How many calls it hits, 1 when left out; null for all until it is cleared.
    times: MaybeUndefined<u32>,
    /// How many calls pass first.
    skip: Option<u32>,
    /// Chance from 0 to 1 that a call is hit; always when left out.
    probability: Option<f64>,
    /// Milliseconds, for `DELAY`, `DELAY_AFTER` and `READ_BACK_LAG`; at most 600000.
    delay_ms: Option<u32>,
    /// HTTP status of `RATE_LIMITED`, `ERROR_BEFORE` and `ERROR_AFTER`, 400 to 599.
    status: Option<u32>,
    /// Seconds until a rate limit ends; 60 when left out.
    retry_after_seconds: Option<u32>,
}

impl SandboxFaultInput {
    /// The fault in the engine's words, and the connection that it is for.
    pub fn read(self) -> Result<(Fault, Option<ConnectionId>)> {
        let connection = self
            .connection_id
            .map(|id| scalars::id(&id, &["connectionId"]))
            .transpose()?;
        let usual = Fault::new(
            self.network.into(),
            self.operation.map(Into::into).unwrap_or_default(),
            self.kind.into(),
        );
        let fault = Fault {
            times: match self.times {
                MaybeUndefined::Undefined => usual.times,
                MaybeUndefined::Null => None,
                MaybeUndefined::Value(times) => Some(times.into()),
            },
            skip: self.skip.unwrap_or_default().into(),
            probability: self.probability,
            delay_ms: self.delay_ms.unwrap_or_default().into(),
            status: self.status.map(http_status).transpose()?,
            retry_after_seconds: self.retry_after_seconds.map(u64::from),
            ..usual
        };
        Ok((fault, connection))
    }
}

fn http_status(status: u32) -> Result<u16> {
    u16::try_from(status).map_err(|_| {
        let message = "The status of a refusal is 400 to 599.";
        Error::new(ErrorCode::InvalidInput, message).at(["status"])
    })
}

/// A fault that waits for calls.
#[derive(SimpleObject)]
pub struct SandboxFault {
    /// Its number.
    number: u64,
    /// The network.
    network: Network,
    /// The network's id of the account that it is for; null for all.
    account_id: Option<String>,
    /// The calls that it hits.
    operation: SandboxOperation,
    /// What goes wrong.
    kind: SandboxFaultKind,
    /// How many more calls it hits; null for all until it is cleared.
    times: Option<u64>,
    /// How many more calls pass first.
    skip: u64,
    /// Chance from 0 to 1 that a call is hit; null for always.
    probability: Option<f64>,
    /// Milliseconds of a delay.
    delay_ms: u64,
    /// HTTP status of a refusal; null for the usual one.
    status: Option<u16>,
    /// Seconds until a rate limit ends; null for the usual ones.
    retry_after_seconds: Option<u64>,
    /// How many calls it has hit.
    hits: u64,
}

impl From<FaultInForce> for SandboxFault {
    fn from(FaultInForce { id, hits, fault }: FaultInForce) -> Self {
        Self {
            number: id,
            network: fault.network.into(),
            account_id: fault.account,
            operation: fault.operation.into(),
            kind: fault.kind.into(),
            times: fault.times,
            skip: fault.skip,
            probability: fault.probability,
            delay_ms: fault.delay_ms,
            status: fault.status,
            retry_after_seconds: fault.retry_after_seconds,
            hits,
        }
    }
}
