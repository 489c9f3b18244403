use async_trait::async_trait;
use posthaste_postgres::Durability;

use super::slow_some;
use crate::faults::{
    case::Case,
    evidence::Evidence,
    round::Round,
    stage::{Stage, Wanted},
};

/// F6: a standby without the newest writes takes over.
pub struct Failover;

#[async_trait]
impl Case for Failover {
    fn id(&self) -> &'static str {
        "F6"
    }

    fn what(&self) -> &'static str {
        "PostgreSQL lost, and a standby promoted that lacks the writes of the last seconds"
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            durability: Durability::Production,
            ..Wanted::default()
        }
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        slow_some(stage, 0.25, 250).await?;
        round.begins().await;
        round.pause(0.2, 1.0).await;
        stage.postgres.fall_behind().await?;
        // What is claimed, sent and settled from here on is lost.
        round.pause(0.8, 2.0).await;
        stage.postgres.fail_over().await?;
        stage.evidence.add("failovers", 1);
        Ok(())
    }

    /// What cannot be told apart on a network waits for a person.
    fn may_wait(&self) -> &'static [&'static str] {
        &["OUTCOME_UNKNOWN"]
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["failovers", "failovers noticed", "read back"])?;
        evidence.needs_in_the_long_run(&["found live"])
    }
}
