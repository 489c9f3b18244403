//! Posthaste's own application against the simulated networks: for seeds, benches and tests.

use std::{path::Path, sync::Arc, time::Duration};

use posthaste_connectors::HttpClient;
use posthaste_core::{
    Network, Result,
    connector::{AppCredentials, Hosts},
    ports::{Clock, Random},
    quota,
    secret::Secret,
    target::Timing,
};
use posthaste_engine::{
    App, Parts,
    adapters::{KeyRing, KeySource, Mailbox},
    event::Hints,
    limit::Limits,
    publish::Crash,
    request_log::Recorder,
    session::Guard,
    telemetry::Telemetry,
    vault::Vault,
    webhook,
};
use posthaste_media::{BlobStore, Staging};
use posthaste_store::Database;

/// What differs from one use to another.
pub struct Setup<'a> {
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Where media lie.
    pub data_dir: &'a Path,
    /// The server's secret.
    pub secret: Secret,
    /// Where the master keys come from.
    pub keys: KeySource,
    /// Where networks fetch media.
    pub public_url: String,
    /// Where the simulated networks are.
    pub networks_url: String,
    /// Time limits of publishing.
    pub timing: Timing,
    /// What networks allow and charge.
    pub quotas: quota::Rules,
}

/// The app registration that a simulated network knows.
pub fn credentials(network: Network) -> AppCredentials {
    let name = format!("sandbox-{}", network.as_str().to_ascii_lowercase());
    AppCredentials {
        secret: Secret::new(format!("{name}-secret")),
        id: name,
    }
}

/// Time limits for networks that answer at once and show posts without delay.
pub fn quick_timing() -> Timing {
    Timing {
        lease: Duration::from_secs(15),
        settle: Some(Duration::from_millis(200)),
        poll: Duration::from_millis(200),
        sweep: Duration::from_millis(500),
        ..Timing::default()
    }
}

/// The documented limits and prices, of which nothing is enforced: simulated networks have no limits
/// unless they are told to.
pub fn unlimited() -> quota::Rules {
    let mut rules = quota::Rules::default();
    rules.enforce = false;
    rules
}

/// Puts the application together.
pub fn app(setup: Setup<'_>) -> Result<App> {
    let blobs = BlobStore::local(setup.data_dir.join("media"))?;
    let staging = Staging::local(setup.data_dir.join("uploads"))?.moving_into(&blobs);
    let hosts = Hosts {
        base: Some(setup.networks_url),
    };
    let vault = Vault::new(
        &setup.db,
        Arc::new(KeyRing::new(setup.keys, &setup.secret)?),
        setup.clock.clone(),
        setup.random.clone(),
        &setup.secret,
    )?;
    Ok(App::new(Parts {
        db: setup.db,
        clock: setup.clock,
        random: setup.random,
        http: Arc::new(HttpClient::new(&hosts)?),
        cipher: Arc::new(vault),
        blobs: Arc::new(blobs),
        staging,
        secret: setup.secret,
        public_url: setup.public_url,
        hosts,
        apps: Network::ALL
            .into_iter()
            .map(|network| (network, credentials(network)))
            .collect(),
        timing: setup.timing,
        crash: Crash::default(),
        hints: Hints::default(),
        requests: Recorder::default(),
        sandbox: true,
        limits: Limits::default(),
        quotas: setup.quotas,
        webhooks: webhook::Rules::default(),
        guard: Guard::default(),
        sessions: posthaste_engine::session::Rules::default(),
        providers: posthaste_engine::identity::Providers::default(),
        redis: None,
        mailer: Some(Arc::new(Mailbox)),
        people: posthaste_engine::person::Rules { is_open: true },
        telemetry: Telemetry::default(),
        payloads: Arc::new(webhook::PlainPayloads),
    }))
}
