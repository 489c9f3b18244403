use std::time::Duration;

use anyhow::ensure;
use async_trait::async_trait;
use posthaste_postgres::Durability;
use tokio::time::{Instant, sleep};

use crate::faults::{
    case::Case,
    evidence::Evidence,
    program::Program,
    round::Round,
    stage::{Stage, Wanted},
};

/// How long the database is away, in leases of a worker.
const LEASES: f64 = 4.0;
/// How soon a server must say that it is not ready.
const NOTICED: Duration = Duration::from_secs(10);

/// F5: PostgreSQL is away for much longer than a lease.
pub struct Outage;

#[async_trait]
impl Case for Outage {
    fn id(&self) -> &'static str {
        "F5"
    }

    fn what(&self) -> &'static str {
        "PostgreSQL down for four leases: nobody exits, servers say 503 and not ready, and live on"
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            durability: Durability::Production,
            ..Wanted::default()
        }
    }

    async fn disturb(&self, stage: &mut Stage, round: &Round) -> anyhow::Result<()> {
        round.begins().await;
        round.pause(0.2, 1.5).await;
        let before: usize = stage.programs().map(Program::ends).sum();
        stage.postgres.crash().await?;
        let down = Instant::now();
        for n in 0..stage.servers.len() {
            refused(stage, n).await?;
        }
        let outage = Duration::from_secs_f64(LEASES * 15.0 / f64::from(stage.setting.pace));
        sleep(outage.saturating_sub(down.elapsed())).await;
        for n in 0..stage.servers.len() {
            let live = stage.client.health(n, "/livez").await;
            ensure!(live == Some(200), "server {n} does not live: {live:?}");
        }
        stage.postgres.recover().await?;
        let after: usize = stage.programs().map(Program::ends).sum();
        ensure!(
            after == before,
            "{} processes ended with PostgreSQL",
            after - before
        );
        for n in 0..stage.servers.len() {
            let end = Instant::now() + NOTICED;
            while stage.client.health(n, "/readyz").await != Some(200) {
                ensure!(
                    Instant::now() < end,
                    "server {n} does not become ready again"
                );
                sleep(Duration::from_millis(100)).await;
            }
        }
        stage.evidence.add("outages", 1);
        stage.evidence.add("seconds away", down.elapsed().as_secs());
        Ok(())
    }

    fn bit(&self, in_round: &Evidence) -> Result<(), String> {
        in_round.needs(&["outages", "answers 503", "not ready", "claims refused"])
    }

    fn bitten(&self, _evidence: &Evidence) -> Result<(), String> {
        Ok(())
    }
}

/// A server without a database: not ready, requests answered with 503, alive.
async fn refused(stage: &mut Stage, n: usize) -> anyhow::Result<()> {
    let end = Instant::now() + NOTICED;
    while stage.client.health(n, "/readyz").await != Some(503) {
        ensure!(Instant::now() < end, "server {n} says that it is ready");
        sleep(Duration::from_millis(50)).await;
    }
    stage.evidence.add("not ready", 1);
    let status = stage.client.status(n).await;
    ensure!(
        status == Some(503),
        "server {n} answered {status:?} without a database"
    );
    stage.evidence.add("answers 503", 1);
    let live = stage.client.health(n, "/livez").await;
    ensure!(live == Some(200), "server {n} does not live: {live:?}");
    Ok(())
}
