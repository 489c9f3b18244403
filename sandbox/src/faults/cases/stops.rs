use std::time::Duration;

use async_trait::async_trait;
use nix::sys::signal::Signal;
use posthaste_core::ports::Random;
use tokio::time::{Instant, sleep};

use super::slow_some;
use crate::faults::{
    case::Case,
    evidence::Evidence,
    program::{CRASH_AT, Program},
    round::Round,
    stage::{Stage, Wanted},
    workload::Load,
};

/// How long a worker may work without stopping itself.
const UNREACHED: Duration = Duration::from_secs(6);

/// F3: `kill -STOP` for longer than the lease, then `kill -CONT`: the worker comes back as a zombie.
pub struct Stops;

#[async_trait]
impl Case for Stops {
    fn id(&self) -> &'static str {
        "F3"
    }

    fn what(&self) -> &'static str {
        "workers stopped for one to three leases, then continued; also right after the intent and the answer"
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            workers: 3,
            // A worker that follows a moved clock has no watchdog: its zombies live on, and must be fenced off.
            worker_environment: vec![(0, "POSTHASTE_CLOCK_FILE", "/nonexistent".to_owned())],
            ..Wanted::default()
        }
    }

    fn load(&self, _round: u64) -> Load {
        Load {
            spread: 7.0,
            ..Load::default()
        }
    }

    fn stops(&self) -> bool {
        true
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        slow_some(stage, 0.25, 250).await?;
        round.begins().await;
        let lease = 15.0 / f64::from(stage.setting.pace);
        let zombie = zombie(&stage.workers[0], round, lease);
        let watched = watched(&stage.workers[1], round, lease);
        let (zombies, watched) = tokio::try_join!(zombie, watched)?;
        stage.evidence.add("stops", zombies + watched);
        Ok(())
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        evidence.needs(&["stops", "takeovers"])?;
        evidence.needs_in_the_long_run(&["fenced writes", "watchdog ends"])
    }
}

/// Stops itself at chosen points; nothing ends it when it comes back.
async fn zombie(worker: &Program, round: &Round, lease: f64) -> anyhow::Result<u64> {
    let mut stops = 0;
    while round.goes_on(2.0) {
        let point = *round.any(&[
            "after_intent",
            "after_call",
            "before_intent",
            "after_prepare_step",
        ]);
        worker.next_with(CRASH_AT, format!("{point}:stop"));
        worker.kill().await?;
        let end = Instant::now() + UNREACHED;
        while !worker.is_stopped() && Instant::now() < end {
            sleep(Duration::from_millis(20)).await;
        }
        stops += u64::from(worker.is_stopped());
        asleep(round, lease).await;
        worker.signal(Signal::SIGCONT);
        // Time to say what it believes.
        round.pause(0.4, 0.8).await;
    }
    worker.kill().await?;
    Ok(stops)
}

/// Stopped from outside at any moment; its watchdog ends it when it comes back.
async fn watched(worker: &Program, round: &Round, lease: f64) -> anyhow::Result<u64> {
    let mut stops = 0;
    while round.goes_on(0.0) {
        round.pause(0.3, 1.0).await;
        worker.running().await;
        stops += u64::from(worker.signal(Signal::SIGSTOP));
        asleep(round, lease).await;
        worker.signal(Signal::SIGCONT);
    }
    Ok(stops)
}

async fn asleep(round: &Round, lease: f64) {
    let leases = 1.0 + 2.0 * round.chance.unit();
    sleep(Duration::from_secs_f64(leases * lease)).await;
}
