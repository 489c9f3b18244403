//! Listening, and stopping without cutting anybody off.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use posthaste_engine::{event, request_log};
use tokio::{
    net::TcpListener,
    sync::Notify,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    relay,
    rest::{ApiState, Probes, operators, redirect, router},
    tls::{Door, Peer},
};

/// How long requests may go on once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// The longest that a process takes to stop.
pub const LONGEST_STOP: Duration = Duration::from_secs(30);

/// How long goodbyes and the last lines of the request log may take after that.
const FAREWELL: Duration = Duration::from_secs(3);

/// Opens the port; a taken one is explained.
pub async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(listen).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "{listen} is taken by another program. Stop it, or choose another with --listen or POSTHASTE_LISTEN \
                 (for operators: POSTHASTE_METRICS_LISTEN, POSTHASTE_WORKER_LISTEN)."
            )
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {listen}")),
    }
}

/// Answers requests until `stop`, then lets those on their way finish.
pub async fn serve(state: ApiState, door: Door, stop: CancellationToken) -> anyhow::Result<()> {
    let app = state.app.clone();
    state.health.start(app.now());
    let incoming = Arc::new(Notify::new());
    tokio::spawn(relay::run(app.clone(), incoming.clone()));
    tokio::spawn(event::fan_out(app.clone(), incoming));
    let answered = CancellationToken::new();
    let log = tokio::spawn(request_log::run(app, answered.clone()));

    let health = state.health.clone();
    let watched = health.clone();
    let stopping = stop.clone();
    let routes = router(state).into_make_service_with_connect_info::<Peer>();
    let serving = axum::serve(door, routes).with_graceful_shutdown(async move {
        stopping.cancelled().await;
        health.stop();
    });
    let drained = async {
        stop.cancelled().await;
        sleep(DRAIN).await;
    };
    let served = tokio::select! {
        outcome = serving => outcome.context("serving stopped"),
        () = drained => {
            tracing::warn!("not all requests ended in time");
            Ok(())
        }
    };
    // Those who listen come back elsewhere and go on from their cursor.
    let goodbyes = tokio::spawn(async move { watched.sockets_closed().await });
    join(goodbyes, FAREWELL).await;
    answered.cancel();
    join(log, FAREWELL).await;
    served
}

/// Answers operators on a listener of their own for as long as the process runs.
pub async fn serve_operators(probes: Probes, listen: SocketAddr) -> anyhow::Result<()> {
    let listener = bind(listen).await?;
    tracing::info!(address = %listener.local_addr()?, "health and metrics for operators");
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, operators(probes)).await {
            tracing::error!(%error, "health and metrics are no longer answered");
        }
    });
    Ok(())
}

/// Leads who comes without TLS to the public address, for as long as the process runs.
pub async fn serve_redirects(public_url: &str, listen: SocketAddr) -> anyhow::Result<()> {
    let listener = bind(listen).await?;
    tracing::info!(address = %listener.local_addr()?, "leading to TLS");
    let routes = redirect(public_url);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "nobody is led to TLS any more");
        }
    });
    Ok(())
}

/// A token that is cancelled by SIGTERM, SIGINT or SIGHUP; a second one ends the process at once.
pub fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut hang_up = signal(SignalKind::hangup()).context("cannot listen for signals")?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            if told.is_cancelled() {
                tracing::warn!(
                    "told twice to stop: ending at once; leases hand over what was begun"
                );
                std::process::exit(1);
            }
            tracing::info!("stopping: what is begun is finished or handed over, within 30 s");
            told.cancel();
        }
    });
    Ok(stop)
}

/// Waits for a task to end after `stop`, at most so long.
pub async fn join(task: tokio::task::JoinHandle<()>, at_most: Duration) {
    if timeout(at_most, task).await.is_err() {
        tracing::warn!("a background task did not end in time");
    }
}
