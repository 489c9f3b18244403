use std::time::Duration;

use async_trait::async_trait;
use posthaste_postgres::Durability;

use super::slow_some;
use crate::faults::{
    case::Case,
    evidence::Evidence,
    round::Round,
    stage::{Stage, Wanted},
    workload::Load,
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

    /// What had been due by then is read back one after the other on each account, three times each where
    /// nothing is found: few posts on many accounts.
    fn load(&self, _round: u64) -> Load {
        Load {
            posts: 10,
            accounts: 6,
            ..Load::default()
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_mins(3)
    }

    fn seconds(&self) -> u32 {
        45
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

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["failovers", "failovers noticed", "read back"])
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs_in_the_long_run(&["found live"])
    }
}
