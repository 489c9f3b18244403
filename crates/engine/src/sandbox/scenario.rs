use std::collections::HashSet;

use posthaste_core::{Network, Result, access::Permission};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Control, Fault, FaultKind, Operation,
    account::{Known, connect, connections, in_charge, reconnect},
    fault::put,
    sample,
};
use crate::{Actor, App};

/// Accounts on each network in [`Scenario::BigAccount`].
const ACCOUNTS: usize = 25;

/// A situation that a program should cope with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Scenario {
    /// All goes well.
    #[default]
    Happy,
    /// Each network refuses the next three posts with a rate limit of 30 seconds.
    RateLimited,
    /// Each account's access expires at its next call; the first account's is revoked.
    ExpiringTokens,
    /// Networks are slow, answer with errors, and cut connections.
    FlakyNetwork,
    /// The workspace has twenty-five accounts on each network and a year of posts.
    BigAccount,
}

impl Scenario {
    fn of(name: &str) -> Option<Self> {
        serde_json::from_value(Value::from(name)).ok()
    }
}

/// The scenario that was played last.
pub async fn scenario(app: &App, actor: &Actor) -> Result<Scenario> {
    actor.require(Permission::Read)?;
    let switches: Value = Control::of(app)?.get("switches").await?;
    Ok(switches["scenario"]
        .as_str()
        .and_then(Scenario::of)
        .unwrap_or_default())
}

/// Plays a scenario in place of the one before: faults are cleared and accounts that lost their access
/// get it back first. Posts stay.
pub async fn scenario_play(app: &App, actor: &Actor, scenario: Scenario) -> Result<Scenario> {
    actor.using(Permission::Write)?.require_whole()?;
    let control = Control::of(app)?;
    control.delete("faults").await?;
    reconnect(app, actor).await?;
    put(&control, &faults(app, actor, scenario).await?).await?;
    if scenario == Scenario::BigAccount {
        grow(app, &in_charge(actor), &control).await?;
    }
    control.switch(json!({ "scenario": scenario })).await?;
    Ok(scenario)
}

async fn faults(app: &App, actor: &Actor, scenario: Scenario) -> Result<Vec<Fault>> {
    Ok(match scenario {
        Scenario::Happy | Scenario::BigAccount => Vec::new(),
        Scenario::RateLimited => Network::ALL.map(rate_limit).into(),
        Scenario::FlakyNetwork => Network::ALL.into_iter().flat_map(flaky).collect(),
        Scenario::ExpiringTokens => {
            let accounts = connections(app, actor).await?;
            accounts
                .into_iter()
                .enumerate()
                .map(|(index, row)| Fault {
                    account: Some(row.remote_id),
                    ..Fault::new(row.network, Operation::Any, end_of_access(index))
                })
                .collect()
        }
    })
}

fn rate_limit(network: Network) -> Fault {
    Fault {
        times: Some(3),
        retry_after_seconds: Some(30),
        ..Fault::new(network, Operation::Publish, FaultKind::RateLimited)
    }
}

fn end_of_access(index: usize) -> FaultKind {
    match index {
        0 => FaultKind::RevokeToken,
        _ => FaultKind::ExpireToken,
    }
}

fn flaky(network: Network) -> [Fault; 4] {
    let often = |operation, kind, probability, delay_ms| Fault {
        times: None,
        probability: Some(probability),
        delay_ms,
        ..Fault::new(network, operation, kind)
    };
    [
        often(Operation::Any, FaultKind::Delay, 0.3, 1_500),
        often(Operation::Publish, FaultKind::ErrorAfter, 0.15, 0),
        often(Operation::Publish, FaultKind::CutAfter, 0.1, 0),
        often(Operation::Prepare, FaultKind::ErrorBefore, 0.15, 0),
    ]
}

/// Connects accounts until there are [`ACCOUNTS`] on each network, and writes a year of posts unless
/// there is one.
async fn grow(app: &App, actor: &Actor, control: &Control<'_>) -> Result<()> {
    let connected: HashSet<String> = connections(app, actor)
        .await?
        .into_iter()
        .map(|row| row.remote_id)
        .collect();
    for network in Network::ALL {
        let path = format!("accounts?network={}", network.as_str());
        let mut known: Vec<Known> = control.get(&path).await?;
        if known.len() < ACCOUNTS {
            let order = json!({ "network": network, "count": ACCOUNTS - known.len() });
            known.extend(control.post::<Vec<Known>>("accounts", order).await?);
        }
        for account in known.iter().take(ACCOUNTS) {
            if !connected.contains(&account.id) {
                connect(app, actor, network, &account.id).await?;
            }
        }
    }
    sample::year(app, actor).await
}
