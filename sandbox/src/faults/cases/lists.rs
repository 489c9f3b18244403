use async_trait::async_trait;
use posthaste_core::Network;
use serde_json::json;

use super::everywhere;
use crate::faults::{case::Case, evidence::Evidence, round::Round, stage::Stage};

/// F10: a post is live before the network's lists show it, and its answer was lost.
pub struct Lags;

#[async_trait]
impl Case for Lags {
    fn id(&self) -> &'static str {
        "F10"
    }

    fn what(&self) -> &'static str {
        "a quarter of the answers lost, and the networks' lists late by up to one and a half settle times"
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        // The sandbox's settle time is 10 s; real lags are documented as a third of it at most.
        let settle = 10_000 / u64::from(stage.setting.pace);
        for part in [3, 6, 9] {
            let rule = json!({
                "operation": "publish", "kind": "read_back_lag", "delayMs": settle * part / 10,
                "times": null, "probability": 0.3,
            });
            everywhere(stage, rule).await?;
        }
        // Missed by the first reading; absence is proved by the third. Instagram tells what became of a call
        // without its lists.
        for network in [Network::Facebook, Network::Pinterest, Network::X] {
            let rule = json!({
                "network": network.as_str(), "operation": "publish", "kind": "read_back_lag",
                "delayMs": settle * 14 / 10, "times": null, "probability": 0.3,
            });
            stage.control.fault(rule).await?;
        }
        let lost = json!({ "operation": "publish", "kind": "cut_after", "times": null, "probability": 0.25 });
        everywhere(stage, lost).await?;
        round.begins().await;
        while round.goes_on(3.0) {
            round.pause(0.1, 0.2).await;
        }
        Ok(())
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["cut after", "read back lag", "read back"])
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["found live", "missed, then found"])
    }
}
