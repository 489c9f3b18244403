use anyhow::ensure;
use async_trait::async_trait;
use posthaste_core::Network;
use serde_json::{Value, json};

use crate::faults::{case::Case, evidence::Evidence, round::Round, stage::Stage};

/// What the networks ask to wait.
const RETRY_AFTER: u64 = 2;

/// Meta and Pinterest are waited for by the minute, so that their storms take one: in one round of five.
fn stormy(round: &Round) -> Vec<Network> {
    use Network::{Facebook, Instagram, Pinterest, X};
    if round.seed.is_multiple_of(5) {
        vec![Facebook, Instagram, Pinterest, X]
    } else {
        vec![X]
    }
}

/// F14: every call is answered with 429.
pub struct Storm;

#[async_trait]
impl Case for Storm {
    fn id(&self) -> &'static str {
        "F14"
    }

    fn what(&self) -> &'static str {
        "every publishing call answered with the network's rate limit for seconds"
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        let rule = json!({
            "operation": "publish", "kind": "rate_limited", "times": null, "retryAfterSeconds": RETRY_AFTER,
        });
        for network in stormy(round) {
            let mut rule = rule.clone();
            rule["network"] = json!(network.as_str());
            stage.control.fault(rule).await?;
        }
        round.begins().await;
        while round.goes_on(1.0) {
            round.pause(0.1, 0.2).await;
        }
        Ok(())
    }

    async fn after(
        &self,
        stage: &mut Stage,
        round: &Round,
        targets: &[Value],
    ) -> anyhow::Result<()> {
        let ours = |record: &&Value| {
            let account = record["account"].as_str();
            round
                .accounts
                .iter()
                .any(|known| Some(known.remote_id.as_str()) == account)
        };
        let requests = stage.control.requests().await?;
        let refused = requests
            .iter()
            .filter(ours)
            .filter(|record| {
                record["faults"]
                    .as_array()
                    .is_some_and(|all| all.contains(&json!("RateLimited")))
            })
            .count();
        // The storm lasts from the first due time until a second after the last. An account that keeps
        // to what it is told asks once for each wait, and once more in the end.
        let storm = (round.end - round.start).num_seconds() as u64 + 1;
        let most = round.accounts.len() as u64 * (storm / RETRY_AFTER + 2);
        ensure!(
            refused as u64 <= most,
            "{refused} calls into the limit, {most} would have been enough"
        );
        let used = targets.iter().any(|target| {
            let tries = target["attempts"].as_array();
            let mut pairs = tries.into_iter().flat_map(|tries| tries.windows(2));
            pairs.any(|pair| {
                pair[0]["error"]["code"] == "NETWORK_RATE_LIMITED" && pair[0]["n"] != pair[1]["n"]
            })
        });
        ensure!(!used, "a rate limit used up a try");
        stage.evidence.add("calls into the limit", refused as u64);
        stage.evidence.add("allowed calls", most);
        Ok(())
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["calls into the limit"])
    }

    fn bitten(&self, _evidence: &Evidence) -> Result<(), String> {
        Ok(())
    }
}
