use std::time::Duration;

use anyhow::ensure;
use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use crate::faults::{
    case::Case,
    evidence::{Evidence, WATCHDOG},
    program::Program,
    round::Round,
    stage::{Stage, beside},
    workload::{self, Load},
};

/// How long a process may take to finish what it has begun.
const DRAINED: Duration = Duration::from_secs(30);
/// How long a server may take to be ready again.
const READY: Duration = Duration::from_secs(30);

/// F19: all servers and workers restarted one after the other while clients write.
pub struct Rolling {
    /// An older program takes part.
    pub mixed: bool,
}

#[async_trait]
impl Case for Rolling {
    fn id(&self) -> &'static str {
        "F19"
    }

    fn what(&self) -> &'static str {
        if self.mixed {
            "rolling update of all servers and workers by SIGTERM while clients write and posts go out"
        } else {
            "rolling restart of all servers and workers by SIGTERM while clients write and posts go out (the same program on both sides: no `--old`)"
        }
    }

    fn load(&self, _round: u64) -> Load {
        Load {
            posts: 45,
            spread: 5.0,
            ..Load::default()
        }
    }

    /// Writes while everything is restarted.
    async fn write(&self, stage: &mut Stage, round: &mut Round) -> anyhow::Result<()> {
        let load = self.load(round.seed);
        round.begin_in(stage.lead + 3.0, &load);
        let planned = round.plan(&load);
        round.ask(&planned);
        if let Some(old) = &stage.setting.old {
            for program in [&stage.servers[1], &stage.workers[1]] {
                program.become_program(old);
                program.restart().await?;
            }
        }
        let repeats = stage.client.repeats();
        let writing = async {
            for some in planned.chunks(3) {
                workload::write(&stage.client, some, &stage.pictures, round.start, 3).await?;
                sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        };
        let restarting = restart(stage);
        let ((), restarted) = tokio::try_join!(writing, restarting)?;
        let repeats = stage.client.repeats() - repeats;
        stage.evidence.add("restarts", restarted);
        stage.evidence.add("calls", planned.len() as u64);
        stage.evidence.add("calls repeated", repeats as u64);
        Ok(())
    }

    /// And again while posts go out.
    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        round.begins().await;
        let restarted = restart(stage).await?;
        stage.evidence.add("restarts", restarted);
        Ok(())
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        if in_round.count("takeovers") > 0 && in_round.count(WATCHDOG) == 0 {
            return Err("a worker that was asked to end left leases behind".to_owned());
        }
        in_round.needs(&["restarts", "calls"])
    }

    fn bitten(&self, _evidence: &Evidence) -> Result<(), String> {
        Ok(())
    }
}

/// Restarts everything, one process at a time; how many.
async fn restart(stage: &Stage) -> anyhow::Result<u64> {
    let new = beside("posthaste")?;
    let mut restarted = 0;
    for (n, server) in stage.servers.iter().enumerate() {
        server.become_program(&new);
        asked(server).await?;
        let end = Instant::now() + READY;
        while stage.client.health(n, "/readyz").await != Some(200) {
            ensure!(
                Instant::now() < end,
                "{} does not become ready",
                server.name
            );
            sleep(Duration::from_millis(50)).await;
        }
        restarted += 1;
    }
    for worker in &stage.workers {
        worker.become_program(&new);
        asked(worker).await?;
        worker.running().await;
        restarted += 1;
    }
    Ok(restarted)
}

async fn asked(program: &Program) -> anyhow::Result<()> {
    let took = program.restart().await?;
    ensure!(took < DRAINED, "{} took {took:?} to end", program.name);
    Ok(())
}
