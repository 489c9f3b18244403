use std::{collections::VecDeque, time::Duration};

use async_trait::async_trait;
use nix::sys::signal::Signal;
use posthaste_engine::publish::Point;
use serde_json::json;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use super::{everywhere, slow_some};
use crate::faults::{
    case::Case,
    evidence::{ENOUGH, Evidence},
    program::{CRASH_AT, Program},
    round::Round,
    stage::Stage,
    workload::{Load, below},
};

/// How long a worker may work without reaching its point.
const UNREACHED: Duration = Duration::from_secs(4);
/// Points not reached by then, in seconds after the last due time, are left to other rounds.
const EXTRA: f64 = 8.0;

/// F2: `kill -9` at each step.
pub struct CrashPoints;

#[async_trait]
impl Case for CrashPoints {
    fn id(&self) -> &'static str {
        "F2"
    }

    fn what(&self) -> &'static str {
        "`kill -9` of workers exactly at each step of publishing and reading back"
    }

    fn load(&self, _round: u64) -> Load {
        Load {
            posts: 40,
            spread: 8.0,
            ..Load::default()
        }
    }

    fn seconds(&self) -> u32 {
        27
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        // Reading back happens only where answers are lost.
        let lost = json!({ "operation": "publish", "kind": "cut_after", "times": null, "probability": 0.3 });
        everywhere(stage, lost).await?;
        slow_some(stage, 0.2, 150).await?;
        round.begins().await;
        let mut all = Point::ALL.to_vec();
        all.rotate_left(round.seed as usize % Point::ALL.len());
        let left = Mutex::new(VecDeque::from(all));
        let turns = stage
            .workers
            .iter()
            .map(|worker| points(worker, round, &left));
        futures::future::try_join_all(turns).await?;
        Ok(())
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        let is_missing = |point: &&Point| !evidence.fates.contains_key(point.as_str());
        match Point::ALL.iter().find(is_missing) {
            Some(point) if evidence.rounds >= ENOUGH => {
                Err(format!("no worker ended at {}", point.as_str()))
            }
            _ if evidence.fates.is_empty() => Err("no worker ended at a crash point".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Lets a worker end itself at one point after the other, until none is left or there is nothing to do.
async fn points(
    worker: &Program,
    round: &Round,
    left: &Mutex<VecDeque<Point>>,
) -> anyhow::Result<()> {
    while round.goes_on(EXTRA) {
        let Some(point) = left.lock().await.pop_front() else {
            break;
        };
        let nth = 1 + below(&round.chance, 2);
        worker.next_with(CRASH_AT, format!("{}:kill:{nth}", point.as_str()));
        worker.kill().await?;
        let ends = worker.ended_by(Signal::SIGKILL);
        let patience = Instant::now() + UNREACHED;
        while worker.ended_by(Signal::SIGKILL) == ends && Instant::now() < patience {
            sleep(Duration::from_millis(20)).await;
        }
        if worker.ended_by(Signal::SIGKILL) == ends {
            left.lock().await.push_back(point);
        }
    }
    // The next process is one without a point.
    worker.kill().await
}
