use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;

use super::slow_some;
use crate::faults::{
    case::Case,
    evidence::Evidence,
    proxy::Rules,
    round::Round,
    stage::{Stage, Wanted},
};

/// How far a clock jumps, in milliseconds.
const JUMPS: [i64; 4] = [7_200_000, -600_000, 20_000, -20_000];

/// F12: workers' clocks jump, and workers are killed meanwhile and begin with a wrong clock.
pub struct Clocks;

#[async_trait]
impl Case for Clocks {
    fn id(&self) -> &'static str {
        "F12"
    }

    fn what(&self) -> &'static str {
        "workers' clocks jump by 2 h, -10 min, 20 s and run too fast, with `kill -9` and lost answers"
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            own_clocks: true,
            ..Wanted::default()
        }
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        slow_some(stage, 0.2, 200).await?;
        stage.proxy.set(Rules {
            drop_answers: 0.1,
            ..Rules::default()
        });
        while round.goes_on(2.0) {
            round.pause(0.2, 0.8).await;
            let n = *round.any(&[0, 1]);
            if round.any(&[0, 1, 2]) == &0 {
                fast(stage, n).await?;
                stage.evidence.add("drifts", 1);
            } else {
                let jump = *round.any(&JUMPS);
                set(stage, n, jump)?;
                stage.evidence.add("jumps", 1);
            }
            round.pause(0.2, 0.8).await;
            if round.any(&[true, false]) == &true {
                stage.workers[n].kill().await?;
                stage.evidence.add("kills", 1);
                round.pause(0.3, 0.8).await;
            }
            set(stage, n, 0)?;
        }
        for n in 0..stage.workers.len() {
            set(stage, n, 0)?;
        }
        Ok(())
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&[
            "jumps",
            "kills",
            "leaps seen",
            "clock differences seen",
            "read back",
        ])
    }
}

/// Half a second too much in every tenth of a second.
async fn fast(stage: &Stage, worker: usize) -> anyhow::Result<()> {
    for step in 1..=10 {
        set(stage, worker, step * 500)?;
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn set(stage: &Stage, worker: usize, millis: i64) -> anyhow::Result<()> {
    let file = stage.clock_file(worker);
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, millis.to_string())?;
    Ok(std::fs::rename(fresh, file)?)
}
