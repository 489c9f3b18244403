use std::{net::SocketAddr, sync::Arc, time::Duration};

use posthaste_engine::{
    App,
    node::{self, Me, Role},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::nodes::host;
use crate::{
    app,
    config::Config,
    rest::{ApiState, Health, Probes},
    server,
    tls::{self, Door},
};

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
    app::greet(&app).await;
    let listener = server::bind(args.listen.unwrap_or(config.server.listen)).await?;
    let certificate = config.server.certificate()?;
    if let Some(certificate) = certificate.clone() {
        tokio::spawn(certificate.keep_fresh(tls::GLANCE));
    }
    if let Some(listen) = config.server.redirect_listen {
        server::serve_redirects(&config.server.public_url, listen).await?;
    }
    let health = Arc::new(Health::of(&config));
    if let Some(listen) = config.metrics.listen {
        let probes = Probes {
            app: app.clone(),
            health: health.clone(),
        };
        server::serve_operators(probes, listen).await?;
    }
    let stop = server::stop_on_signal()?;
    tracing::info!(address = %listener.local_addr()?, public_url = %config.server.public_url, "listening");
    let node = live(&app, &health, &stop);
    let told = stop.clone();
    let too_late = tokio::spawn(async move {
        told.cancelled().await;
        tokio::time::sleep(server::LONGEST_STOP).await;
    });
    let worker = args.with_worker.then(|| {
        let settings = super::worker::settings(&config);
        tokio::spawn(super::worker::work_as_node(
            app.clone(),
            settings,
            stop.clone(),
        ))
    });
    let state = ApiState::new(app)
        .watched(health)
        .with_graphiql(&config.server.graphiql_dir)
        .taking(config.graphql.documents)
        .showing_schema(config.graphql.public_schema)
        .admitting(&config.server.cors_origins)
        .behind_proxies(config.server.trusted_proxies);
    server::serve(state, Door::new(listener, certificate), stop.clone()).await?;
    stop.cancel();
    if let Some(worker) = worker {
        tokio::select! {
            _ = worker => {}
            _ = too_late => tracing::warn!("the worker did not end in time; leases hand over what it has begun"),
        }
    }
    server::join(node, Duration::from_secs(2)).await;
    Ok(())
}

/// Says that this process serves, and stops being ready while it is asked to drain. Requests that come
/// nevertheless are answered, so draining has nothing else to wait for.
fn live(app: &App, health: &Arc<Health>, stop: &CancellationToken) -> JoinHandle<()> {
    let me = Me::new(app, Role::Serve, &host());
    let (told, mut draining) = watch::channel(false);
    let (drained, handed_over) = watch::channel(false);
    let (health, stop) = (health.clone(), stop.clone());
    let node = tokio::spawn(node::run(app.clone(), me, told, handed_over, stop));
    tokio::spawn(async move {
        while draining.changed().await.is_ok() {
            let asked = *draining.borrow_and_update();
            health.drain(asked);
            drained.send_replace(asked);
        }
    });
    node
}
