//! What several `posthaste worker` processes publish on one PostgreSQL: targets per second when all are
//! due at once, and how late they are at half of that, with a backlog in the tables.

mod field;
mod judge;
mod used;

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use posthaste_core::Network;
use serde_json::json;

use self::{
    field::{Field, open},
    judge::Judge,
    used::Used,
};
use super::{ground::Ground, program::Program};

/// Options of the benchmark.
#[derive(clap::Args)]
pub struct Args {
    /// Targets that are due at once.
    #[arg(long, default_value_t = 4_000)]
    targets: usize,
    /// Connections, spread evenly over networks and workspaces.
    #[arg(long, default_value_t = 800)]
    connections: usize,
    /// Workspaces.
    #[arg(long, default_value_t = 10)]
    workspaces: usize,
    /// Numbers of worker processes, one after the other (comma-separated).
    #[arg(long, value_delimiter = ',', default_value = "1,2,4")]
    workers: Vec<usize>,
    /// Targets scheduled in a year while lateness is measured.
    #[arg(long, default_value_t = 1_000_000)]
    backlog: usize,
    /// Seconds of the steady stream; 0 leaves lateness out.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Targets per second of the steady stream; half of what was measured when left out.
    #[arg(long)]
    rate: Option<f64>,
    /// How long the simulated networks process a container or video, in milliseconds. With 0 lateness is our own.
    #[arg(long, default_value_t = 0)]
    processing: u64,
    /// Only these networks (comma-separated).
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "FACEBOOK,INSTAGRAM,PINTEREST,X"
    )]
    networks: Vec<String>,
}

/// A post to be written: what it says, when it is due, to which connections of a field.
struct Order {
    field: usize,
    first: usize,
    count: usize,
    text: String,
    due: DateTime<Utc>,
}

struct Bench {
    args: Args,
    ground: Ground,
    fields: Vec<Field>,
    judge: Judge,
}

/// Within how many seconds of their time 99 of 100 targets are accepted (issue 4).
const PROMISED: f64 = 0.250;

/// Measures, and compares every target with every wall.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    let processing = json!({ "processingMs": args.processing });
    ground.control.switch(processing).await?;
    let networks = args
        .networks
        .iter()
        .map(|name| name.parse())
        .collect::<Result<Vec<Network>, _>>()?;
    let fields = open(&ground, &networks, args.workspaces, args.connections).await?;
    let mut bench = Bench {
        args,
        ground,
        fields,
        judge: Judge::default(),
    };
    println!(
        "{} connections in {} workspaces; workers, PostgreSQL (durable) and the simulated networks share {} cores",
        bench.connections(),
        bench.fields.len(),
        std::thread::available_parallelism()?
    );
    let mut best = (0.0, 1);
    for workers in bench.args.workers.clone() {
        let reached = bench.capacity(workers).await?;
        if reached > best.0 {
            best = (reached, workers);
        }
    }
    if bench.args.seconds > 0 {
        bench.backlog().await?;
        let rate = bench.args.rate.unwrap_or(best.0 / 2.0);
        bench.lateness(best.1, rate).await?;
    }
    bench.ground.end().await
}

impl Bench {
    fn connections(&self) -> usize {
        self.fields
            .iter()
            .map(|field| field.connections.len())
            .sum()
    }

    /// All due at once: targets per second.
    async fn capacity(&mut self, workers: usize) -> anyhow::Result<f64> {
        let rounds = self.args.targets.div_ceil(self.connections());
        let total = rounds * self.connections();
        let due = self.ground.app.now() + TimeDelta::seconds(5 + (total / 200) as i64);
        let mut orders = Vec::new();
        for round in 0..rounds {
            for (place, field) in self.fields.iter().enumerate() {
                orders.push(Order {
                    field: place,
                    first: 0,
                    count: field.connections.len(),
                    text: format!("Burst {workers} {round:05}"),
                    due,
                });
            }
        }
        self.write(orders).await?;
        let programs = self.start(workers)?;
        self.wait_until(due).await?;
        let (began, before) = (Instant::now(), self.used(&programs).await?);
        while self.published().await? < self.judge.expected() {
            ensure!(
                began.elapsed() < Duration::from_mins(10),
                "not all targets went out in ten minutes"
            );
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        let took = began.elapsed().as_secs_f64();
        let used = self.used(&programs).await?.since(&before);
        stop(programs).await?;
        let reached = total as f64 / took;
        println!(
            "{workers} workers: {total} targets in {took:.1} s, {reached:.0} per second; {}",
            used.each(total)
        );
        self.judge.compare(&self.ground).await?;
        Ok(reached)
    }

    /// A steady stream beside the backlog: how late each target is accepted.
    async fn lateness(&mut self, workers: usize, rate: f64) -> anyhow::Result<()> {
        let total = (rate * self.args.seconds as f64) as usize;
        let start = self.ground.app.now() + TimeDelta::seconds(10 + (total / 100) as i64);
        let orders = (0..total).map(|number| {
            let place = number % self.connections();
            let field = place % self.fields.len();
            Order {
                field,
                first: place / self.fields.len() % self.fields[field].connections.len(),
                count: 1,
                text: format!("Stream {number:06}"),
                due: start + TimeDelta::milliseconds((number as f64 * 1000.0 / rate) as i64),
            }
        });
        let orders = orders.collect();
        self.write(orders).await?;
        let programs = self.start(workers)?;
        self.wait_until(start).await?;
        let (began, before) = (Instant::now(), self.used(&programs).await?);
        tokio::time::sleep(Duration::from_secs(self.args.seconds)).await;
        let used = self.used(&programs).await?.since(&before);
        while self.judge.on_the_walls(&self.ground).await? < self.judge.expected() {
            ensure!(
                began.elapsed() < Duration::from_secs(self.args.seconds + 120),
                "not all targets of the stream went out"
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        // The last outcomes are written down.
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop(programs).await?;
        println!(
            "{workers} workers, {rate:.0} targets per second for {} s beside a backlog of {}; {}",
            self.args.seconds,
            self.args.backlog,
            used.each(total)
        );
        let late = self.judge.compare(&self.ground).await?;
        ensure!(
            late < PROMISED,
            "99 of 100 should be accepted within {PROMISED} s"
        );
        Ok(())
    }

    /// Fills the tables with what is due in a year.
    async fn backlog(&self) -> anyhow::Result<()> {
        let each = self.args.backlog / self.connections();
        let began = Instant::now();
        let sql = self.ground.sql().await?;
        sql.batch_execute(include_str!("backlog.sql")).await?;
        let since = (self.ground.app.now() + TimeDelta::days(365)).to_rfc3339();
        let fill = format!("SELECT pg_temp.backlog({each}, '{since}', interval '1 hour')");
        sql.batch_execute(&fill).await?;
        sql.batch_execute("VACUUM ANALYZE").await?;
        sql.batch_execute("CHECKPOINT").await?;
        println!(
            "backlog of {} targets written in {:.0} s",
            each * self.connections(),
            began.elapsed().as_secs_f64()
        );
        Ok(())
    }

    async fn write(&mut self, orders: Vec<Order>) -> anyhow::Result<()> {
        for order in &orders {
            let accounts = self.fields[order.field].accounts(order.first, order.count);
            self.judge.expect(&order.text, order.due, accounts);
        }
        let (ground, fields) = (&self.ground, &self.fields);
        stream::iter(orders)
            .map(|order| async move {
                let field = &fields[order.field];
                field
                    .write(ground, &order.text, order.first, order.count, order.due)
                    .await
            })
            .buffer_unordered(8)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    async fn wait_until(&self, at: DateTime<Utc>) -> anyhow::Result<()> {
        let early = (at - self.ground.app.now()).to_std();
        let early =
            early.context("writing the posts took longer than planned; give fewer targets")?;
        tokio::time::sleep(early).await;
        Ok(())
    }

    fn start(&self, workers: usize) -> anyhow::Result<Vec<Program>> {
        (0..workers)
            .map(|_| Program::start(&self.ground, "worker", &[]))
            .collect()
    }

    async fn published(&self) -> anyhow::Result<usize> {
        let mut published = 0;
        for field in &self.fields {
            published += field.published(&self.ground).await?;
        }
        Ok(published)
    }

    async fn used(&self, workers: &[Program]) -> anyhow::Result<Used> {
        Used::now(&self.ground, workers).await
    }
}

async fn stop(programs: Vec<Program>) -> anyhow::Result<()> {
    for program in programs {
        program.stop().await?;
    }
    Ok(())
}
