use std::{slice, time::Duration};

use anyhow::ensure;
use async_trait::async_trait;
use serde_json::Value;
use tokio::time::sleep;

use super::slow_some;
use crate::faults::{
    case::Case,
    evidence::{CALLED_LOST, Evidence},
    program::Program,
    proxy::Rules,
    round::Round,
    stage::{Stage, Wanted, clock_file},
};

/// How far a clock jumps, in milliseconds.
const JUMPS: [i64; 4] = [7_200_000, -600_000, 20_000, -20_000];

/// F12: clocks jump, and workers are killed meanwhile and begin with a wrong clock.
pub struct Clocks;

#[async_trait]
impl Case for Clocks {
    fn id(&self) -> &'static str {
        "F12"
    }

    fn what(&self) -> &'static str {
        "clocks of a worker, a server or the database's host (all others the other way) jump by 2 h, -10 min, 20 s or run too fast, with `kill -9` and lost answers"
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
        let mut turn = round.seed as usize;
        while round.goes_on(2.0) {
            round.pause(0.2, 0.8).await;
            let worker = round.any(&stage.workers).clone();
            let mut moved = vec![worker.clone()];
            let wrong = Wrong::ALL[turn % Wrong::ALL.len()];
            turn += 1;
            match wrong {
                Wrong::Fast => fast(stage, &worker).await?,
                Wrong::Worker => {}
                Wrong::Server => moved = vec![round.any(&stage.servers).clone()],
                // Everybody else's clock moves the other way.
                Wrong::Database => moved = stage.programs().cloned().collect(),
            }
            stage.evidence.add(wrong.shown(), 1);
            if wrong != Wrong::Fast {
                set(stage, &moved, *round.any(&JUMPS))?;
            }
            round.pause(0.2, 0.8).await;
            if round.any(&[true, false]) == &true {
                worker.kill().await?;
                stage.evidence.add("kills", 1);
                round.pause(0.3, 0.8).await;
            }
            set(stage, &moved, 0)?;
        }
        Ok(())
    }

    /// A wrong clock is no reason to believe that others are dead.
    async fn after(
        &self,
        stage: &mut Stage,
        _round: &Round,
        _targets: &[Value],
    ) -> anyhow::Result<()> {
        let ended: usize = stage.programs().map(Program::ends).sum();
        let called = stage.evidence.count(CALLED_LOST);
        ensure!(
            called <= ended as u64,
            "{called} processes were called lost, and only {ended} ended"
        );
        Ok(())
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["kills", "leaps seen", "clock differences seen", "read back"])?;
        evidence.needs_in_the_long_run(&Wrong::ALL.map(Wrong::shown))
    }
}

/// Which clock goes wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Worker,
    Fast,
    Server,
    Database,
}

impl Wrong {
    const ALL: [Self; 4] = [Self::Worker, Self::Database, Self::Server, Self::Fast];

    fn shown(self) -> &'static str {
        match self {
            Self::Worker => "jumps of a worker",
            Self::Fast => "drifts of a worker",
            Self::Server => "jumps of a server",
            Self::Database => "jumps of the database's host",
        }
    }
}

/// Half a second too much in every tenth of a second.
async fn fast(stage: &Stage, worker: &Program) -> anyhow::Result<()> {
    for step in 1..=10 {
        set(stage, slice::from_ref(worker), step * 500)?;
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn set(stage: &Stage, programs: &[Program], millis: i64) -> anyhow::Result<()> {
    for program in programs {
        let file = clock_file(&stage.home, &program.name);
        let fresh = file.with_extension("new");
        std::fs::write(&fresh, millis.to_string())?;
        std::fs::rename(fresh, file)?;
    }
    Ok(())
}
