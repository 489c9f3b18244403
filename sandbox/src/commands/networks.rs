//! `posthaste-sandbox networks`: serve the simulated networks until told to stop.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::networks::{Config, Networks, serve};

/// Options of the subcommand.
#[derive(clap::Args)]
pub struct Args {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:4100")]
    listen: SocketAddr,
    /// Folder of the snapshot; created when missing.
    #[arg(long)]
    state_dir: PathBuf,
    /// File that holds the clock's offset in milliseconds.
    #[arg(long)]
    clock_file: Option<PathBuf>,
    /// File that receives one JSON line per accepted post.
    #[arg(long)]
    log_file: Option<PathBuf>,
    /// Address under which browsers and Posthaste reach the simulator.
    #[arg(long)]
    public_url: Option<String>,
}

/// Serves until SIGINT or SIGTERM, then writes the snapshot.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let networks = Networks::open(Config {
        public_url: args
            .public_url
            .unwrap_or_else(|| format!("http://{}", args.listen)),
        state_dir: Some(args.state_dir),
        clock_file: args.clock_file,
        log_file: args.log_file,
        ..Config::default()
    })?;
    tracing::info!(url = networks.public_url(), "simulated networks");
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    serve(listener, networks.clone(), async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
    .await?;
    let path = networks.write_snapshot()?;
    tracing::info!(path = %path.display(), "snapshot written");
    Ok(())
}
