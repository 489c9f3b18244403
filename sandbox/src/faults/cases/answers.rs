use async_trait::async_trait;
use serde_json::json;

use super::everywhere;
use crate::faults::{case::Case, evidence::Evidence, proxy::Rules, round::Round, stage::Stage};

/// What a lost answer must lead to.
const READ_BACK: [&str; 2] = ["read back", "found live"];

/// F8: the network acts and its answer is lost.
pub struct Dropped;

#[async_trait]
impl Case for Dropped {
    fn id(&self) -> &'static str {
        "F8"
    }

    fn what(&self) -> &'static str {
        "a fifth of the networks' answers dropped on the way: line closed, or silent; others reset before they arrive, and all lines cut now and then"
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        let before = stage.proxy.hits();
        stage.proxy.set(Rules {
            drop_answers: 0.16,
            silence: 0.04,
            reset: 0.05,
            ..Rules::default()
        });
        round.begins().await;
        while round.goes_on(3.0) {
            round.pause(0.4, 1.2).await;
            stage.proxy.cut();
            stage.evidence.add("cuts of all lines", 1);
        }
        stage
            .evidence
            .add("lines robbed", stage.proxy.hits() - before);
        Ok(())
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["lines robbed", "read back"])
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&READ_BACK)
    }
}

/// F9: server errors before and after a post was accepted.
pub struct Errors;

#[async_trait]
impl Case for Errors {
    fn id(&self) -> &'static str {
        "F9"
    }

    fn what(&self) -> &'static str {
        "500, 502 and 503 after a post was accepted (10 %) and before (10 %)"
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        for status in [500, 502, 503] {
            for kind in ["error_after", "error_before"] {
                let rule = json!({
                    "operation": "publish", "kind": kind, "status": status, "times": null, "probability": 0.035,
                });
                everywhere(stage, rule).await?;
            }
        }
        round.begins().await;
        while round.goes_on(3.0) {
            round.pause(0.1, 0.2).await;
        }
        Ok(())
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["error after", "error before", "read back"])
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&READ_BACK)?;
        evidence.needs(&["proved absent and sent again"])
    }
}
