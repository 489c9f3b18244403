use async_trait::async_trait;

use crate::faults::{case::Case, evidence::Evidence, round::Round, stage::Stage};

/// Ends the connections by which processes tell each other that something changed.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND query SIMILAR TO '(LISTEN|NOTIFY) posthaste%'";

/// F7: hints between processes are lost.
pub struct Hints;

#[async_trait]
impl Case for Hints {
    fn id(&self) -> &'static str {
        "F7"
    }

    fn what(&self) -> &'static str {
        "hints between processes cut off, again and again"
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        while round.goes_on(0.5) {
            let cut = stage.postgres.run(CUT).await?;
            stage.evidence.add("hint lines cut", cut as u64);
            round.pause(0.3, 0.8).await;
        }
        Ok(())
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["hint lines cut"])
    }
}
