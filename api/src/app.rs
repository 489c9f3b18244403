//! The only place where real adapters meet ports.

use std::{path::Path, sync::Arc};

use anyhow::{Context, anyhow};
use posthaste_connectors::HttpClient;
use posthaste_core::ports::{Buckets, Clock, Mailer, Tally};
use posthaste_engine::{
    App, Parts,
    adapters::{KeyRing, LocalBuckets, LocalTally, Mailbox, OsRandom, RedisBuckets, RedisTally},
    event::Hints,
    limit::Limits,
    request_log::Recorder,
    session::Guard,
    telemetry::Telemetry,
    vault::Vault,
};
use posthaste_media::{BlobStore, Staging};
use posthaste_store::Database;

use crate::{config::Config, graphql::webhook::Documents};

/// Puts the application together. Nothing is connected yet: the database may come up later.
pub fn build(config: &Config) -> anyhow::Result<App> {
    build_at(config, config.sandbox.clock())
}

/// As [`build`], for a process that publishes: by a clock that does not jump.
pub fn build_worker(config: &Config) -> anyhow::Result<App> {
    build_at(config, config.sandbox.steady_clock())
}

/// Tries what Posthaste can do without, so that a wrong address is told at start.
pub async fn greet(app: &App) {
    if let Some(redis) = &app.redis {
        redis.greet().await;
    }
}

fn build_at(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<App> {
    let secret = config.security.secret()?;
    let db = Database::new(config.address()?, config.database.pool())?;
    let (blobs, staging) = storage(&config.storage.data_dir)?;
    let redis = config.redis.open()?;
    let buckets: Arc<dyn Buckets> = match redis.clone() {
        Some(redis) => Arc::new(RedisBuckets::new(redis)),
        None => Arc::new(LocalBuckets::default()),
    };
    let failures: Arc<dyn Tally> = match redis.clone() {
        Some(redis) => Arc::new(RedisTally::new(redis)),
        None => Arc::new(LocalTally::default()),
    };
    let parts = Parts {
        cipher: Arc::new(vault(config, &db)?),
        db,
        clock,
        random: Arc::new(OsRandom),
        http: Arc::new(HttpClient::new(&config.networks.hosts())?.at_pace(config.sandbox.pace)),
        blobs: Arc::new(blobs),
        staging,
        secret,
        public_url: config.server.public_url.clone(),
        hosts: config.networks.hosts(),
        apps: config.networks.apps(),
        timing: config.sandbox.timing(),
        crash: config.sandbox.crash()?,
        hints: Hints::default(),
        requests: Recorder::default(),
        sandbox: config.sandbox.enabled,
        limits: Limits::new(config.limits.rule(), buckets),
        guard: Guard::new(failures),
        sessions: config.sessions.rules(),
        providers: config.oidc.providers(&config.server.cors_origins)?,
        quotas: config.quotas.rules(config.sandbox.enabled)?,
        redis,
        mailer: mailer(config)?,
        people: config.people.rules(config.sandbox.enabled),
        telemetry: Telemetry::default(),
        webhooks: config.webhooks.rules(),
        payloads: Arc::new(Documents::default()),
    };
    Ok(App::new(parts))
}

/// What sends mails; a sandbox without a mail server has a mailbox.
fn mailer(config: &Config) -> anyhow::Result<Option<Arc<dyn Mailer>>> {
    let smtp = config.mail.open()?;
    Ok(match smtp {
        Some(smtp) => Some(Arc::new(smtp)),
        None if config.sandbox.enabled => Some(Arc::new(Mailbox)),
        None => None,
    })
}

/// What seals and opens secrets on a database.
pub fn vault(config: &Config, db: &Database) -> anyhow::Result<Vault> {
    let secret = config.security.secret()?;
    let masters = KeyRing::new(config.security.key_source()?, &secret)
        .map_err(|error| match error.cause {
            Some(cause) => anyhow!("{cause}"),
            None => anyhow!("{}", error.message),
        })
        .context("The master keys cannot be used")?;
    Ok(Vault::new(
        db,
        Arc::new(masters),
        config.sandbox.clock(),
        Arc::new(OsRandom),
        &secret,
    )?)
}

fn storage(data_dir: &Path) -> anyhow::Result<(BlobStore, Staging)> {
    let advice = || {
        let shown = data_dir.display();
        format!(
            "The folder {shown} cannot be used. Give this user write permission, or set POSTHASTE_DATA_DIR to another"
        )
    };
    let blobs = BlobStore::local(data_dir.join("media")).with_context(advice)?;
    let staging = Staging::local(data_dir.join("uploads"))
        .with_context(advice)?
        .moving_into(&blobs);
    Ok((blobs, staging))
}
