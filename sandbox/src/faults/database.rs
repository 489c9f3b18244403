use std::path::{Path, PathBuf};

use anyhow::Context;
use nix::sys::signal::Signal;
use posthaste_postgres::{Binaries, Cluster, Durability, Options, process};
use tokio_postgres::NoTls;

/// The name of the database.
const NAME: &str = "posthaste";

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
