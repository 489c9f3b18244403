use async_trait::async_trait;
use posthaste_postgres::Durability;

use super::slow_some;
use crate::faults::{
    case::Case,
    evidence::Evidence,
    round::Round,
    stage::{Stage, Wanted},
};

/// F4: PostgreSQL crashes and recovers.
pub struct Restarts;

#[async_trait]
impl Case for Restarts {
    fn id(&self) -> &'static str {
        "F4"
    }

    fn what(&self) -> &'static str {
        "PostgreSQL stopped at once (`immediate`) and recovered, again and again"
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
        while round.goes_on(0.0) {
            round.pause(0.3, 1.5).await;
            stage.postgres.crash().await?;
            round.pause(0.0, 0.5).await;
            stage.postgres.recover().await?;
            stage.evidence.add("crashes of PostgreSQL", 1);
        }
        Ok(())
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["crashes of PostgreSQL"])
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["crashes of PostgreSQL", "claims refused"])
    }
}
