use std::time::Duration;

use anyhow::{Context, ensure};
use async_trait::async_trait;
use posthaste_core::Network;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    bench::quantile,
    faults::{
        case::Case,
        check::check,
        evidence::Evidence,
        proxy::Rules,
        redis::Redis,
        round::{Round, connect, due},
        stage::{Stage, Wanted},
        workload::{self, Planned},
    },
};

/// Ends the connections by which processes tell each other that something changed.
const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND query SIMILAR TO '(LISTEN|NOTIFY) posthaste%'";
/// Posts that go out at once: what hints are for.
const AT_ONCE: usize = 10;
/// Seconds that a lost hint may cost.
const LATE: f64 = 1.2;
/// How soon all share a Redis again that answers.
const BACK: Duration = Duration::from_secs(30);

/// F7: hints between processes are lost.
pub struct Hints {
    /// Over Redis; otherwise over PostgreSQL, where Redis is absent.
    pub redis: bool,
}

/// What happens to Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Killed,
    Emptied,
    Unreachable,
    ReadOnly,
    /// It answers from another machine, and the lines to the old one are silent. The last of a round:
    /// nothing else must end these lines.
    Moved,
}

const TROUBLES: [Trouble; 5] = [
    Trouble::Killed,
    Trouble::Emptied,
    Trouble::Unreachable,
    Trouble::ReadOnly,
    Trouble::Moved,
];

#[async_trait]
impl Case for Hints {
    fn id(&self) -> &'static str {
        if self.redis { "F7" } else { "F7N" }
    }

    fn what(&self) -> &'static str {
        if self.redis {
            "Redis killed, emptied, unreachable, read-only, moved to another machine without a word"
        } else {
            "no Redis, and the hints over PostgreSQL cut off, again and again"
        }
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            redis: self.redis,
            ..Wanted::default()
        }
    }

    async fn write(&self, stage: &mut Stage, round: &mut Round) -> anyhow::Result<()> {
        let load = self.load(round.seed);
        let planned = round.plan(&load);
        round.accounts.extend(connect(stage, Network::X, 4).await?);
        round.ask(&planned);
        round.ask(&at_once(round));
        round.begin_in(stage.lead, &load);
        workload::write(&stage.client, &planned, &stage.pictures, round.start, 4).await
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        round.begins().await;
        let posting = async {
            let mut slowest = Duration::ZERO;
            for post in at_once(round) {
                let begin = Instant::now();
                workload::write(&stage.client, &[post], &[], round.start, 1).await?;
                slowest = slowest.max(begin.elapsed());
                sleep(Duration::from_millis(300)).await;
            }
            anyhow::Ok(slowest)
        };
        let mut seen = Evidence::default();
        let troubling = async {
            match &stage.redis {
                Some(redis) => redis_troubles(redis, round, &mut seen).await,
                None => hints_cut(stage, round, &mut seen).await,
            }
        };
        let (slowest, ()) = tokio::try_join!(posting, troubling)?;
        stage
            .evidence
            .peak("slowest call (ms)", slowest.as_millis() as u64);
        if let Some(redis) = &stage.redis {
            let back = together(stage, redis).await?;
            seen.peak("shared again after (ms)", back.as_millis() as u64);
        }
        stage.evidence.take_in(&seen);
        Ok(())
    }

    /// What was due ahead of time needs no hint: it tells how late this machine makes everything.
    async fn after(
        &self,
        stage: &mut Stage,
        round: &Round,
        targets: &[Value],
    ) -> anyhow::Result<()> {
        let walls = round.walls(stage).await?;
        let dues = targets
            .iter()
            .map(due)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let (now, ahead): (Vec<_>, Vec<_>) =
            dues.into_iter().partition(|due| due.words.starts_with(NOW));
        let p99 = |dues| {
            let mut late = check(dues, &walls, 0.0).lateness;
            late.sort_by(f64::total_cmp);
            quantile(&late, 0.99)
        };
        let (hinted, usual) = (p99(&now), p99(&ahead));
        let stalled = stage.pulse.longest().as_secs_f64();
        ensure!(
            hinted <= LATE + usual + stalled,
            "what went out at once was {hinted:.2} s late, what was due ahead of time {usual:.2} s"
        );
        stage.evidence.add("posts at once", now.len() as u64);
        let millis = (hinted * 1000.0) as u64;
        stage.evidence.peak("at once p99 (ms)", millis);
        Ok(())
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["posts at once"])?;
        in_round.needs(if self.redis {
            &["troubles of Redis"]
        } else {
            &["hint lines cut"]
        })
    }

    fn bitten(&self, evidence: &Evidence) -> Result<(), String> {
        if !self.redis {
            return Ok(());
        }
        let names = TROUBLES.map(|trouble| format!("Redis {trouble:?}"));
        evidence.needs_in_the_long_run(&names.each_ref().map(String::as_str))
    }
}

/// What the words of posts that go out at once begin with.
const NOW: &str = "Now";

/// Posts that go out at once, to the round's last accounts, which nothing else is due on.
fn at_once(round: &Round) -> Vec<Planned> {
    let own = &round.accounts[round.accounts.len() - 4..];
    let connection = |n: usize| &own[n % own.len()].connection;
    (0..AT_ONCE)
        .map(|n| Planned::now(format!("{NOW} {n} of {}", round.name), connection(n)))
        .collect()
}

async fn hints_cut(stage: &Stage, round: &Round, seen: &mut Evidence) -> anyhow::Result<()> {
    while round.goes_on(0.5) {
        let cut = stage.postgres.run(CUT).await?;
        seen.add("hint lines cut", cut as u64);
        round.pause(0.3, 0.8).await;
    }
    Ok(())
}

/// Three of the five in turn, so that five rounds show each of them three times.
async fn redis_troubles(redis: &Redis, round: &Round, seen: &mut Evidence) -> anyhow::Result<()> {
    let mut turn: Vec<_> = (0..3)
        .map(|n| TROUBLES[(round.seed as usize + n) % TROUBLES.len()])
        .collect();
    turn.sort();
    for trouble in turn {
        round.pause(0.2, 0.6).await;
        match trouble {
            Trouble::Killed => redis.program.kill().await?,
            Trouble::Emptied => {
                // It may have been killed a moment ago.
                redis.there().await?;
                redis.ask("FLUSHALL").await?;
            }
            Trouble::Unreachable => {
                redis.proxy.set(Rules {
                    down: true,
                    ..Rules::default()
                });
                redis.proxy.cut();
                round.pause(0.5, 1.5).await;
                redis.proxy.heal();
            }
            Trouble::ReadOnly => {
                redis.there().await?;
                redis.ask("REPLICAOF 127.0.0.1 1").await?;
                round.pause(0.5, 1.5).await;
                redis.ask("REPLICAOF NO ONE").await?;
            }
            Trouble::Moved => redis.proxy.strand(),
        }
        seen.add(&format!("Redis {trouble:?}"), 1);
        seen.add("troubles of Redis", 1);
    }
    redis.there().await
}

/// Waits until all processes hear each other over Redis again, and the servers count there; how long it took.
async fn together(stage: &Stage, redis: &Redis) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let all = stage.programs().count() as u64;
    loop {
        let heard = redis.listeners().await?;
        if heard == all {
            break;
        }
        ensure!(
            begin.elapsed() < BACK,
            "{heard} of {all} processes listen to a Redis that answers"
        );
        sleep(Duration::from_millis(100)).await;
    }
    for (n, server) in stage.servers.iter().enumerate() {
        loop {
            let before = redis.scripts().await?;
            stage.client.status(n).await.context("no answer")?;
            if redis.scripts().await? > before {
                break;
            }
            ensure!(
                begin.elapsed() < BACK,
                "{} counts by itself, although Redis answers",
                server.name
            );
            sleep(Duration::from_millis(200)).await;
        }
    }
    Ok(begin.elapsed())
}
