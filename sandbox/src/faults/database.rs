use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use nix::sys::signal::Signal;
use posthaste_postgres::{Binaries, Cluster, Durability, Options, process};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};
use tokio_postgres::NoTls;

/// The name of the database.
const NAME: &str = "posthaste";

/// How long a standby may take to be promoted.
const PROMOTED: Duration = Duration::from_secs(30);

/// Where the standby's data lie until it is promoted.
fn beside(data: &Path) -> PathBuf {
    data.with_extension("standby")
}

/// A private PostgreSQL that can be crashed and started again.
pub struct Postgres {
    binaries: Binaries,
    data: PathBuf,
    durability: Durability,
    cluster: Option<Cluster>,
    url: String,
}

impl Postgres {
    /// Makes and starts a cluster in `folder`, with an empty database.
    pub async fn start(
        binaries: &Binaries,
        folder: &Path,
        durability: Durability,
    ) -> anyhow::Result<Self> {
        let data = folder.join("pgdata");
        let cluster = Cluster::start(binaries, &data, Options { durability }).await?;
        cluster.create_database(NAME).await?;
        Ok(Self {
            binaries: binaries.clone(),
            url: cluster.url(NAME),
            data,
            durability,
            cluster: Some(cluster),
        })
    }

    /// The connection string.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it as a crash does: connections are cut, nothing is written down, recovery follows.
    pub async fn crash(&mut self) -> anyhow::Result<()> {
        let Some(mut cluster) = self.cluster.take() else {
            return Ok(());
        };
        let pid = cluster.pid().context("PostgreSQL is gone already")?;
        process::signal(pid as i32, Signal::SIGQUIT);
        cluster.ended().await;
        Ok(())
    }

    /// Starts it again on its data.
    pub async fn recover(&mut self) -> anyhow::Result<()> {
        let options = Options {
            durability: self.durability,
        };
        let cluster = Cluster::start(&self.binaries, &self.data, options).await?;
        self.url = cluster.url(NAME);
        self.cluster = Some(cluster);
        Ok(())
    }

    /// Keeps what a standby would have that gets nothing newer: the data as a crash at this moment leaves it.
    pub async fn fall_behind(&mut self) -> anyhow::Result<()> {
        let data = self.data_dir()?;
        self.crash().await?;
        let behind = beside(&data);
        if behind.exists() {
            std::fs::remove_dir_all(&behind)?;
        }
        // As root the server has an account of its own: owners are kept.
        let copied = Command::new("cp")
            .arg("-a")
            .args([&data, &behind])
            .status()
            .await?;
        ensure!(copied.success(), "cannot copy {}", data.display());
        self.recover().await
    }

    /// The server is lost, and that standby is promoted in its place: a new timeline, without what was
    /// written since.
    pub async fn fail_over(&mut self) -> anyhow::Result<()> {
        let data = self.data_dir()?;
        self.crash().await?;
        std::fs::remove_dir_all(&data)?;
        std::fs::rename(beside(&data), &data)?;
        std::fs::write(data.join("standby.signal"), "")?;
        self.recover().await?;
        self.promote().await
    }

    /// Asks often instead of waiting in one statement: what is still replayed may cancel that (PostgreSQL, Handling Query
    /// Conflicts).
    async fn promote(&self) -> anyhow::Result<()> {
        self.run("SELECT pg_promote(wait => false)").await?;
        let end = Instant::now() + PROMOTED;
        while self.run("SELECT WHERE pg_is_in_recovery()").await? > 0 {
            ensure!(Instant::now() < end, "the standby is not promoted");
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn data_dir(&self) -> anyhow::Result<PathBuf> {
        let cluster = self.cluster.as_ref().context("PostgreSQL does not run")?;
        Ok(cluster.data_dir().to_owned())
    }

    /// Runs a statement beside Posthaste; how many rows it gave.
    pub async fn run(&self, statement: &str) -> anyhow::Result<usize> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client.query(statement, &[]).await?.len())
    }

    /// Stops it in order.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        match self.cluster.take() {
            Some(cluster) => Ok(cluster.stop().await?),
            None => Ok(()),
        }
    }
}
