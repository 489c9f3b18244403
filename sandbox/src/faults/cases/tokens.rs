use anyhow::ensure;
use async_trait::async_trait;
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
        for account in round
            .accounts
            .iter()
            .filter(|account| loses_refresh(round, account))
        {
            let (network, account) = (account.network.as_str(), &account.remote_id);
            let ends = json!({ "network": network, "account": account, "operation": "publish", "kind": "expire_token" });
            stage.control.fault(ends).await?;
            let lost = json!({ "network": network, "account": account, "operation": "token", "kind": "cut_after" });
            stage.control.fault(lost).await?;
        }
        let ends = json!({ "operation": "any", "kind": "expire_token", "times": null, "probability": 0.08 });
        for network in [Network::Pinterest, Network::X] {
            let mut rule = ends.clone();
            rule["network"] = json!(network.as_str());
            stage.control.fault(rule).await?;
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
        for target in targets
            .iter()
            .filter(|target| target["state"] != "PUBLISHED")
        {
            let id = target["connection"]["remoteId"].as_str();
            let account = round
                .accounts
                .iter()
                .find(|account| Some(account.remote_id.as_str()) == id);
            let meant = account
                .is_some_and(|account| is_revoked(round, account) || loses_refresh(round, account));
            ensure!(
                meant,
                "an account that lost no access was held up: {target}"
            );
            stage.evidence.add("held until reconnected", 1);
        }
        let requests = stage.control.requests().await?;
        let refreshes = requests.iter().filter(|record| {
            let account = record["account"].as_str();
            record["operation"] == "token"
                && round
                    .accounts
                    .iter()
                    .any(|known| Some(known.remote_id.as_str()) == account)
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

/// The second one, where networks refresh.
fn loses_refresh(round: &Round, account: &Connected) -> bool {
    matches!(account.network, Network::Pinterest | Network::X) && nth(round, account) == 1
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
