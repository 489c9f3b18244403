use anyhow::Context;
use async_trait::async_trait;
use posthaste_core::Network;
use serde_json::json;

use crate::faults::{case::Case, evidence::Evidence, round::Round, stage::Stage, workload::Load};

/// Rotations in a round; each waits until every process seals with the new key.
const ROTATIONS: u64 = 2;

/// K1: master keys and data keys rotate by command while posts go out and tokens are refreshed.
pub struct Keys;

#[async_trait]
impl Case for Keys {
    fn id(&self) -> &'static str {
        "K1"
    }

    fn what(&self) -> &'static str {
        "master keys and data keys rotated by command, while tokens end and workers seal fresh ones"
    }

    /// Posts for as long as the rotations take.
    fn load(&self, _round: u64) -> Load {
        Load {
            posts: 60,
            spread: 26.0,
            ..Load::default()
        }
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        for network in [Network::Pinterest, Network::X] {
            let ends = json!({
                "network": network.as_str(), "operation": "any", "kind": "expire_token",
                "times": null, "probability": 0.05,
            });
            stage.control.fault(ends).await?;
        }
        round.begins().await;
        for _ in 0..ROTATIONS {
            stage.operator(&["keys", "new"]).await?;
            let told = stage.operator(&["keys", "rotate", "--data"]).await?;
            stage.evidence.add("rotations", 1);
            stage
                .evidence
                .add("values sealed anew", sealed_anew(&told)?);
        }
        Ok(())
    }

    fn seconds(&self) -> u32 {
        45
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["rotations", "values sealed anew", "expire token"])
    }

    fn bitten(&self, _evidence: &Evidence) -> Result<(), String> {
        Ok(())
    }
}

/// What the command says about itself.
fn sealed_anew(told: &str) -> anyhow::Result<u64> {
    let line = told.lines().find_map(|line| line.strip_prefix("sealed "));
    let count = line.and_then(|line| line.split(' ').next()?.parse().ok());
    count.with_context(|| format!("the rotation says nothing of values: {told}"))
}
