use std::sync::Arc;

use posthaste_engine::{
    App,
    publish::{self, Settings},
    webhook,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{app, config::Config, relay, server};

/// Publish what is due and deliver webhooks; any number of workers share one database.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Publishes until it is told to stop, and finishes what it has begun.
pub async fn run(config: Config, _args: Args) -> anyhow::Result<()> {
    let app = app::build_worker(&config)?;
    let stop = server::stop_on_signal()?;
    tokio::spawn(relay::run(app.clone(), Arc::new(Notify::new())));
    work(app, settings(&config), stop).await;
    Ok(())
}

/// Publishes and delivers until `stop`.
pub async fn work(app: App, settings: Settings, stop: CancellationToken) {
    let delivering = webhook::run(app.clone(), webhook::Settings::default(), stop.clone());
    tokio::join!(publish::run(app, settings, stop), delivering);
}

/// A sandbox's clock is moved on purpose; anywhere else a jump stops publishing until it is understood.
pub fn settings(config: &Config) -> Settings {
    Settings {
        guarded: config.sandbox.is_guarded(),
        ..Settings::default()
    }
}
