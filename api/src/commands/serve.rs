use std::{net::SocketAddr, time::Duration};

use crate::{app, config::Config, rest::ApiState, server};

/// Answer requests: GraphQL, REST, subscriptions.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address and port to listen on.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Publish and deliver webhooks from this process too.
    #[arg(long)]
    with_worker: bool,
}

/// Serves until it is told to stop.
pub async fn run(config: Config, args: Args) -> anyhow::Result<()> {
    // Each open subscription is an open file, and 1,024 is the usual limit unless asked for more.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let app = if args.with_worker {
        app::build_worker(&config)?
    } else {
        app::build(&config)?
    };
    let listener = server::bind(args.listen.unwrap_or(config.server.listen)).await?;
    let stop = server::stop_on_signal()?;
    tracing::info!(address = %listener.local_addr()?, public_url = %config.server.public_url, "listening");
    let worker = args.with_worker.then(|| {
        tokio::spawn(super::worker::work(
            app.clone(),
            super::worker::settings(&config),
            stop.clone(),
        ))
    });
    let state = ApiState::new(app)
        .with_graphiql(&config.server.graphiql_dir)
        .taking(config.graphql.documents)
        .behind_proxies(config.server.trusted_proxies);
    server::serve(state, listener, stop.clone()).await?;
    stop.cancel();
    if let Some(worker) = worker {
        server::join(worker, Duration::from_secs(45)).await;
    }
    Ok(())
}
