use async_trait::async_trait;

use super::slow_some;
use crate::faults::{case::Case, evidence::Evidence, round::Round, stage::Stage};

/// F1: `kill -9`.
pub struct Kills;

#[async_trait]
impl Case for Kills {
    fn id(&self) -> &'static str {
        "F1"
    }

    fn what(&self) -> &'static str {
        "`kill -9` of a random worker, again and again"
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        slow_some(stage, 0.25, 250).await?;
        round.begins().await;
        while round.goes_on(1.5) {
            round.pause(0.2, 0.9).await;
            round.any(&stage.workers).kill().await?;
            stage.evidence.add("kills", 1);
        }
        Ok(())
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["kills", "takeovers", "read back"])
    }
}
