use std::collections::BTreeSet;

use anyhow::ensure;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use posthaste_core::Network;
use serde_json::{Value, json};

use super::everywhere;
use crate::faults::{
    case::Case,
    evidence::Evidence,
    round::Round,
    stage::Stage,
    workload::{Connected, Load},
};

/// Accounts that may lose their access to a lost answer: one on each network that refreshes.
const LOST: usize = 2;

/// F15: tokens are taken back, end early, and answers to refreshes are lost.
pub struct Tokens;

#[async_trait]
impl Case for Tokens {
    fn id(&self) -> &'static str {
        "F15"
    }

    fn what(&self) -> &'static str {
        "tokens revoked, tokens ended under two workers at once, answers to refreshes lost"
    }

    fn load(&self, _round: u64) -> Load {
        Load {
            accounts: 4,
            ..Load::default()
        }
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        for account in round
            .accounts
            .iter()
            .filter(|account| is_revoked(round, account))
        {
            let rule = json!({
                "network": account.network.as_str(), "account": account.remote_id,
                "operation": "publish", "kind": "revoke_token",
            });
            stage.control.fault(rule).await?;
        }
        let ends = json!({ "operation": "any", "kind": "expire_token", "times": null, "probability": 0.08 });
        for network in [Network::Pinterest, Network::X] {
            let mut rule = ends.clone();
            rule["network"] = json!(network.as_str());
            stage.control.fault(rule).await?;
            // Where refresh tokens are good once, its loss costs the access of one account.
            let lost =
                json!({ "network": network.as_str(), "operation": "token", "kind": "cut_after" });
            stage.control.fault(lost).await?;
        }
        let slow =
            json!({ "operation": "token", "kind": "delay_after", "delayMs": 200, "times": null });
        everywhere(stage, slow).await?;
        round.begins().await;
        while round.goes_on(1.0) {
            round.pause(0.1, 0.2).await;
        }
        Ok(())
    }

    fn may_wait(&self) -> &'static [&'static str] {
        &["RECONNECT_REQUIRED", "OUTCOME_UNKNOWN"]
    }

    async fn after(
        &self,
        stage: &mut Stage,
        round: &Round,
        targets: &[Value],
    ) -> anyhow::Result<()> {
        let mut lost = BTreeSet::new();
        for target in targets
            .iter()
            .filter(|target| target["state"] != "PUBLISHED")
        {
            let id = target["connection"]["remoteId"].as_str();
            stage.evidence.add("held until reconnected", 1);
            let known = |account: &&Connected| Some(account.remote_id.as_str()) == id;
            let account = round.accounts.iter().find(known);
            if !account.is_some_and(|account| is_revoked(round, account)) {
                lost.insert(id);
            }
        }
        ensure!(
            lost.len() <= LOST,
            "accounts that lost no access were held up: {lost:?}"
        );
        let requests = stage.control.requests().await?;
        let refreshes = requests.iter().filter(|record| {
            let at = record["at"].as_str().and_then(|at| at.parse().ok());
            record["operation"] == "token" && at.is_some_and(|at: DateTime<Utc>| at >= round.start)
        });
        stage.evidence.add("refreshes", refreshes.count() as u64);
        Ok(())
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["refreshes", "held until reconnected"])
    }
}

/// The first account of each network.
fn is_revoked(round: &Round, account: &Connected) -> bool {
    nth(round, account) == 0
}

/// Which of its network's accounts it is.
fn nth(round: &Round, account: &Connected) -> usize {
    let same = round
        .accounts
        .iter()
        .filter(|other| other.network == account.network);
    same.take_while(|other| other.remote_id != account.remote_id)
        .count()
}
