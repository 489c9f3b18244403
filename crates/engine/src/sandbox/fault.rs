use posthaste_core::{Error, ErrorCode, Network, Result, access::Permission, ids::ConnectionId};
use posthaste_store::connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Control;
use crate::{Actor, App};

/// Most faults in one script.
pub const MAX_FAULTS: usize = 50;

/// The longest delay in milliseconds.
const MAX_DELAY_MS: u64 = 10 * 60 * 1000;

/// Most calls that a fault is counted for, and the longest wait in seconds that a network asks for.
const MAX_COUNT: u64 = 1_000_000;

/// What a call to a network is for; faults are aimed by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
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
    #[default]
    Any,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Wait, then go on.
    Delay,
    /// Go on, then wait before the answer.
    DelayAfter,
    /// Refuse with the network's rate limit.
    RateLimited,
    /// Answer 5xx without accepting.
    ErrorBefore,
    /// Accept, then answer 5xx.
    ErrorAfter,
    /// Close the connection without accepting.
    CutBefore,
    /// Accept, then close the connection without an answer.
    CutAfter,
    /// Accept, then send half of the answer.
    Truncate,
    /// End the account's tokens, then go on.
    RevokeToken,
    /// Let the account's access tokens expire, then go on.
    ExpireToken,
    /// Show the post in lists later.
    ReadBackLag,
    /// Refuse as duplicate content.
    Duplicate,
}

/// A fault, in the words of the control API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The network.
    pub network: Network,
    /// The network's id of the account; all when empty.
    pub account: Option<String>,
    /// The calls that it hits.
    pub operation: Operation,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many calls it hits; `None` until it is removed.
    pub times: Option<u64>,
    /// Calls to let pass first.
    pub skip: u64,
    /// Chance from 0 to 1; always when empty.
    pub probability: Option<f64>,
    /// Milliseconds, for delays and lag.
    pub delay_ms: u64,
    /// HTTP status, for rate limits and errors.
    pub status: Option<u16>,
    /// Seconds until a rate limit ends.
    pub retry_after_seconds: Option<u64>,
}

impl Fault {
    /// A fault of every account that hits one call.
    pub fn new(network: Network, operation: Operation, kind: FaultKind) -> Self {
        Self {
            network,
            account: None,
            operation,
            kind,
            times: Some(1),
            skip: 0,
            probability: None,
            delay_ms: 0,
            status: None,
            retry_after_seconds: None,
        }
    }

    /// What is not allowed, with the field.
    fn mistakes(&self) -> Vec<Error> {
        let rules = [
            (
                self.times
                    .is_none_or(|times| (1..=MAX_COUNT).contains(&times)),
                "times",
                "A fault hits 1 to 1000000 calls, or all until it is cleared.",
            ),
            (
                self.skip <= MAX_COUNT,
                "skip",
                "At most 1000000 calls may pass first.",
            ),
            (
                self.probability.is_none_or(|p| (0.0..=1.0).contains(&p)),
                "probability",
                "A probability is a number from 0 to 1.",
            ),
            (
                self.delay_ms <= MAX_DELAY_MS,
                "delayMs",
                "A delay is at most 600000 ms.",
            ),
            (
                self.status
                    .is_none_or(|status| (400..600).contains(&status)),
                "status",
                "The status of a refusal is 400 to 599.",
            ),
            (
                self.retry_after_seconds
                    .is_none_or(|wait| wait <= MAX_COUNT),
                "retryAfterSeconds",
                "At most 1000000 seconds.",
            ),
        ];
        rules
            .into_iter()
            .filter(|(fits, ..)| !fits)
            .map(|(_, field, message)| Error::new(ErrorCode::InvalidInput, message).at([field]))
            .collect()
    }
}

/// A fault that waits for calls.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FaultInForce {
    /// Its number at the simulated networks.
    pub id: u64,
    /// Calls hit so far.
    pub hits: u64,
    /// The fault; `times` and `skip` count down.
    #[serde(flatten)]
    pub fault: Fault,
}

/// The faults in force.
pub async fn faults(app: &App, actor: &Actor) -> Result<Vec<FaultInForce>> {
    actor.require(Permission::Read)?;
    Control::of(app)?.get("faults").await
}

/// Puts faults in force, in this order and beside those that are; all or none. A connection stands
/// for its account; it must be on the fault's network.
pub async fn fault_script(
    app: &App,
    actor: &Actor,
    script: Vec<(Fault, Option<ConnectionId>)>,
) -> Result<Vec<FaultInForce>, Vec<Error>> {
    let one = |error: Error| vec![error];
    let writer = actor.using(Permission::Write).map_err(one)?;
    writer.require_whole().map_err(one)?;
    let control = Control::of(app).map_err(one)?;
    if !(1..=MAX_FAULTS).contains(&script.len()) {
        let message = format!("A script has 1 to {MAX_FAULTS} faults.");
        return Err(one(
            Error::new(ErrorCode::InvalidInput, message).at(["faults"])
        ));
    }
    let mut faults = Vec::new();
    let mut errors = Vec::new();
    for (index, (fault, connection)) in script.into_iter().enumerate() {
        let place = ["faults".to_owned(), index.to_string()];
        match aimed(app, actor, fault, connection).await {
            Ok(fault) => faults.push(fault),
            Err(found) => errors.extend(found.into_iter().map(|error| error.within(place.clone()))),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    put(&control, &faults).await.map_err(one)?;
    self::faults(app, actor).await.map_err(one)
}

async fn aimed(
    app: &App,
    actor: &Actor,
    mut fault: Fault,
    connection: Option<ConnectionId>,
) -> Result<Fault, Vec<Error>> {
    let mut errors = fault.mistakes();
    if let Some(id) = connection {
        match account(app, actor, id, fault.network).await {
            Ok(account) => fault.account = Some(account),
            Err(error) => errors.push(error.at(["connectionId"])),
        }
    }
    if errors.is_empty() {
        Ok(fault)
    } else {
        Err(errors)
    }
}

async fn account(app: &App, actor: &Actor, id: ConnectionId, network: Network) -> Result<String> {
    let row = connection::get(&mut *app.db.get().await?, actor, id).await?;
    if row.network != network {
        let message = format!(
            "{} is an account on {}, not on {network}.",
            row.name, row.network
        );
        return Err(Error::new(ErrorCode::InvalidInput, message));
    }
    Ok(row.remote_id)
}

/// Puts faults in force; takes back those before one that fails.
pub(super) async fn put(control: &Control<'_>, faults: &[Fault]) -> Result<()> {
    let mut put: Vec<u64> = Vec::new();
    for fault in faults {
        let body = serde_json::to_value(fault).map_err(Error::internal)?;
        match control.post::<Value>("faults", body).await {
            Ok(answer) => put.extend(answer["id"].as_u64()),
            Err(error) => {
                for id in put {
                    // The networks may be gone altogether; the first error tells more.
                    let _ = control.delete(&format!("faults/{id}")).await;
                }
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Takes all faults back; returns how many there were.
pub async fn faults_clear(app: &App, actor: &Actor) -> Result<usize> {
    actor.using(Permission::Write)?.require_whole()?;
    let control = Control::of(app)?;
    let known: Vec<Value> = control.get("faults").await?;
    control.delete("faults").await?;
    Ok(known.len())
}
