use std::time::Duration;

use anyhow::ensure;
use async_trait::async_trait;
use posthaste_core::ports::SeededRandom;
use serde_json::Value;

use crate::{
    bench::quantile,
    faults::{
        case::Case,
        check::check,
        evidence::Evidence,
        program::Program,
        round::{Round, due},
        stage::Stage,
        workload::{self, Load},
    },
};

/// Posts of one account, on average.
const EACH: usize = 5;
/// Targets of one post.
const TARGETS: usize = 50;
/// How much memory a worker may take beyond what it has at the start, in megabytes.
const MEMORY: f64 = 200.0;
/// How late 99 of 100 may be, in seconds; or more, if that takes more than so many each second.
const LATE: f64 = 60.0;
const LEAST_EACH_SECOND: f64 = 40.0;

/// F21: everything is due in the same second.
pub struct Crowd {
    /// Targets.
    pub targets: usize,
}

#[async_trait]
impl Case for Crowd {
    fn id(&self) -> &'static str {
        "F21"
    }

    fn what(&self) -> &'static str {
        "very many posts due in the same second on two workers"
    }

    fn load(&self, _round: u64) -> Load {
        Load {
            posts: self.targets.div_ceil(TARGETS),
            // Half of the networks take words alone.
            accounts: (self.targets / EACH / 4).clamp(5, 2_500),
            spread: 0.0,
            ..Load::default()
        }
    }

    async fn write(&self, stage: &mut Stage, round: &mut Round) -> anyhow::Result<()> {
        let load = self.load(round.seed);
        let chance = SeededRandom::new(round.seed);
        let planned = workload::crowd(&round.name, self.targets, TARGETS, &round.accounts, &chance);
        round.ask(&planned);
        round.begin_in(stage.lead + self.targets as f64 / 300.0, &load);
        workload::write(&stage.client, &planned, &stage.pictures, round.start, 3).await
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        round.begins().await;
        let memory = |stage: &Stage| {
            let all = stage.workers.iter().filter_map(Program::memory);
            all.fold(0.0, f64::max)
        };
        let before = memory(stage);
        let mut peak = before;
        let open = round.open_targets(stage).await?;
        stage.evidence.peak("open at once", open);
        while round.open_targets(stage).await? > 0 && round.goes_on(self.patience().as_secs_f64()) {
            peak = peak.max(memory(stage));
            round.pause(0.2, 0.3).await;
        }
        ensure!(
            peak - before < MEMORY,
            "a worker's memory grew from {before:.0} to {peak:.0} MB"
        );
        stage.evidence.peak("most MB of a worker", peak as u64);
        Ok(())
    }

    async fn after(
        &self,
        stage: &mut Stage,
        round: &Round,
        targets: &[Value],
    ) -> anyhow::Result<()> {
        let dues = targets
            .iter()
            .map(due)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let walls = round.walls(stage).await?;
        let mut late = check(&dues, &walls, 0.0).lateness;
        late.sort_by(f64::total_cmp);
        let p99 = quantile(&late, 0.99);
        let most = LATE.max(self.targets as f64 / LEAST_EACH_SECOND);
        ensure!(
            p99 <= most,
            "p99 is {p99:.1} s late, {most:.0} s are allowed"
        );
        let second = dues
            .iter()
            .filter(|due| (due.at - round.start).num_seconds() == 0);
        stage.evidence.add("in one second", second.count() as u64);
        let last = late.last().copied().unwrap_or_default().max(1.0);
        let each_second = late.len() as f64 / last;
        stage
            .evidence
            .peak("accepted per second", each_second as u64);
        Ok(())
    }

    fn is_timed(&self) -> bool {
        true
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["in one second"])
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(60 + self.targets as u64 / 20)
    }

    /// Many were open when the first was due, not only written.
    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        let open = evidence.count("open at once");
        if open * 2 < self.targets as u64 {
            return Err(format!("only {open} of {} were open at once", self.targets));
        }
        Ok(())
    }
}
