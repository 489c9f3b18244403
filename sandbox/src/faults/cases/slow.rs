use anyhow::ensure;
use async_trait::async_trait;
use posthaste_core::{Network, ports::SeededRandom};
use serde_json::{Value, json};

use crate::{
    bench::quantile,
    faults::{
        case::Case,
        check::check,
        evidence::Evidence,
        round::{Round, connect, due},
        stage::Stage,
        workload::{self, Load},
    },
};

/// Accounts on the slow network: more than two workers have room for.
const SLOW_ACCOUNTS: usize = 80;
const SLOW_TARGETS: usize = 160;
/// How late the posts to the other networks may be, in seconds, 99 of 100; or half as late as those to
/// the slow one.
const LATE: f64 = 5.0;
/// How long the slow network takes for an answer, in seconds before they are compressed.
const SLOWNESS: f64 = 10.0;

/// F11: one network takes its time.
pub struct Slow;

#[async_trait]
impl Case for Slow {
    fn id(&self) -> &'static str {
        "F11"
    }

    fn what(&self) -> &'static str {
        "one network very slow with more due than there is room for; the others must not wait for it"
    }

    fn load(&self, _round: u64) -> Load {
        Load {
            posts: 20,
            ..Load::default()
        }
    }

    async fn write(&self, stage: &mut Stage, round: &mut Round) -> anyhow::Result<()> {
        let load = self.load(round.seed);
        round
            .accounts
            .retain(|account| account.network != Network::Facebook);
        let healthy = round.plan(&load);
        let slow = connect(stage, Network::Facebook, SLOW_ACCOUNTS).await?;
        let chance = SeededRandom::new(round.seed);
        let name = format!("{} slow", round.name);
        let crowd = workload::crowd(&name, SLOW_TARGETS, 40, &slow, &chance);
        round.accounts.extend(slow);
        round.begin_in(stage.lead + 1.0, &load);
        let all = [crowd, healthy].concat();
        round.ask(&all);
        workload::write(&stage.client, &all, &stage.pictures, round.start, 4).await
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        let pace = u64::from(stage.setting.pace);
        for (seconds, share) in [(SLOWNESS as u64, 1.0), (30, 0.02)] {
            let rule = json!({
                "network": "FACEBOOK", "operation": "publish", "kind": "delay",
                "times": null, "probability": share, "delayMs": seconds * 1000 / pace,
            });
            stage.control.fault(rule).await?;
        }
        round.begins().await;
        while round.goes_on(3.0) {
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
        let healthy = targets
            .iter()
            .filter(|target| target["network"] != "FACEBOOK");
        let healthy = healthy.map(due).collect::<anyhow::Result<Vec<_>>>()?;
        let mut walls = round.walls(stage).await?;
        walls.retain(|seen| seen.account.network != "FACEBOOK");
        let mut late = check(&healthy, &walls, 0.0).lateness;
        late.sort_by(f64::total_cmp);
        let p99 = quantile(&late, 0.99);
        // A machine that is busy with other things is late everywhere.
        let slow = targets
            .iter()
            .filter(|target| target["network"] == "FACEBOOK");
        let slow = slow.map(due).collect::<anyhow::Result<Vec<_>>>()?;
        let mut waited = check(&slow, &round.walls(stage).await?, 0.0).lateness;
        waited.sort_by(f64::total_cmp);
        let usual = quantile(&waited, 0.5);
        let slow = SLOWNESS / f64::from(stage.setting.pace);
        ensure!(
            usual >= slow,
            "half of the slow network's posts were only {usual:.1} s late: it was not slow"
        );
        ensure!(
            p99 <= LATE.max(usual / 2.0),
            "the healthy networks' p99 is {p99:.1} s late, the slow one's half {usual:.1} s"
        );
        stage.evidence.add("healthy targets", late.len() as u64);
        stage
            .evidence
            .peak("healthy p99 (ms)", (p99 * 1000.0) as u64);
        Ok(())
    }

    fn is_timed(&self) -> bool {
        true
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["delay", "healthy targets"])
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["healthy targets"])
    }
}
