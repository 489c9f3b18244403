use std::{sync::Arc, time::Duration};

use posthaste_core::ids::NodeId;
use posthaste_engine::{
    App, mail,
    node::{self, Me, Role},
    publish::{self, Settings},
    webhook,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::nodes::host;
use crate::{
    app,
    config::Config,
    relay,
    rest::{Health, Probes},
    server,
};

/// A worker that broke off begins again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// Publish what is due and deliver webhooks; any number of workers share one database.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Publishes until it is told to stop, and finishes what it has begun or hands it over.
pub async fn run(config: Config, _args: Args) -> anyhow::Result<()> {
    let app = app::build_worker(&config)?;
    app::greet(&app).await;
    let health = Arc::new(Health::of(&config).of_worker());
    if let Some(listen) = config.worker.listen {
        let probes = Probes {
            app: app.clone(),
            health: health.clone(),
        };
        server::serve_operators(probes, listen).await?;
    }
    let stop = server::stop_on_signal()?;
    health.start(app.now());
    tokio::spawn(relay::run(app.clone(), Arc::new(Notify::new())));
    let (told, draining) = watch::channel(false);
    let mut watched = draining.clone();
    let (stopping, asked) = (stop.clone(), health.clone());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return asked.stop(),
                changed = watched.changed() => match changed {
                    Ok(()) => asked.drain(*watched.borrow_and_update()),
                    Err(_) => return,
                },
            }
        }
    });
    let worker = tokio::spawn(live(app, settings(&config), (told, draining), stop.clone()));
    stop.cancelled().await;
    server::join(worker, server::LONGEST_STOP).await;
    Ok(())
}

/// Works as a process that is known to the others, beside another role of it.
pub async fn work_as_node(app: App, settings: Settings, stop: CancellationToken) {
    live(app, settings, watch::channel(false), stop).await;
}

/// Says that this worker lives and works until `stop`. While it is asked to drain it hands over what it
/// has and rests, so that its supervisor does not start another in its place.
async fn live(
    app: App,
    settings: Settings,
    (told, mut draining): (watch::Sender<bool>, watch::Receiver<bool>),
    stop: CancellationToken,
) {
    let me = Me::new(&app, Role::Worker, &host());
    let left = CancellationToken::new();
    let (drained, handed_over) = watch::channel(false);
    let node = tokio::spawn(node::run(
        app.clone(),
        me.clone(),
        told,
        handed_over,
        left.clone(),
    ));
    while !stop.is_cancelled() {
        let turn = stop.child_token();
        let mut working = tokio::spawn(work(me.id, app.clone(), settings, turn.clone()));
        let broke_off = tokio::select! {
            _ = &mut working => true,
            _ = draining.wait_for(|asked| *asked) => false,
            () = stop.cancelled() => false,
        };
        if broke_off {
            app.telemetry.worker_broke_off();
            sleep(AGAIN).await;
            continue;
        }
        turn.cancel();
        if let Err(error) = working.await {
            tracing::error!(%error, "the worker broke off");
        }
        if stop.is_cancelled() {
            break;
        }
        drained.send_replace(true);
        tokio::select! {
            _ = draining.wait_for(|asked| !*asked) => {}
            () = stop.cancelled() => {}
        }
        drained.send_replace(false);
    }
    left.cancel();
    server::join(node, Duration::from_secs(2)).await;
}

/// Publishes, delivers and mails until `stop`. Ends before only if a part broke off; the other one then finishes what
/// it has begun.
async fn work(id: NodeId, app: App, settings: Settings, stop: CancellationToken) {
    let delivering = webhook::run(app.clone(), webhook::Settings::default(), stop.clone());
    let mut parts = JoinSet::new();
    parts.spawn(delivering);
    if mail::is_configured(&app) {
        parts.spawn(mail::run(app.clone(), stop.clone()));
    }
    parts.spawn(publish::run_as(id, app, settings, stop.clone()));
    while let Some(ended) = parts.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a part of the worker broke off");
        }
        stop.cancel();
    }
}

/// A sandbox's clock is moved on purpose; anywhere else a jump stops publishing until it is understood.
pub fn settings(config: &Config) -> Settings {
    Settings {
        guarded: config.sandbox.is_guarded(),
        retention: config.retention.policy(),
        ..Settings::default()
    }
}
