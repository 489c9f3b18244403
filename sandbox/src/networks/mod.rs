//! The simulated networks: one port, each real host under a path of its name.
//!
//! A request goes through `server` and `pipeline` (faults, request log) to the `module` of
//! its host, which answers from the one `state`. `/control`, `/log`, `/requests` and the walls
//! on `/` belong to no network.

pub mod accounts;
mod answer;
mod call;
mod chance;
mod clock;
mod consent;
mod control;
mod faults;
mod fetch;
mod growth;
mod kinds;
mod limits;
mod line;
mod log;
mod media;
mod meta;
mod module;
mod mp4;
mod pages;
mod pinterest;
mod pipeline;
mod probe;
mod requests;
mod server;
mod snapshot;
mod state;
mod switches;
mod text;
mod tokens;
mod wall;
mod x;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};

pub use kinds::{Network, Operation};
pub use server::serve;

use clock::Clock;
use fetch::{FetchError, Fetcher};
use media::Media;
use module::Module;
use state::State;

/// How to set the simulated networks up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address browsers and clients use, without a slash at the end.
    pub public_url: String,
    /// Folder of the snapshot; none keeps everything in memory.
    pub state_dir: Option<PathBuf>,
    /// File of the clock's offset.
    pub clock_file: Option<PathBuf>,
    /// File that receives one JSON line per accepted post.
    pub log_file: Option<PathBuf>,
    /// The registered applications.
    pub clients: BTreeMap<Network, Client>,
}

/// A registered application.
#[derive(Clone, Debug)]
pub struct Client {
    /// Public id.
    pub id: String,
    /// Secret.
    pub secret: String,
}

impl Default for Config {
    /// In memory; clients `sandbox-<network>` with `sandbox-<network>-secret`.
    fn default() -> Self {
        let client = |network: Network| {
            let id = format!("sandbox-{}", network.name().to_lowercase());
            (
                network,
                Client {
                    secret: format!("{id}-secret"),
                    id,
                },
            )
        };
        Self {
            public_url: "http://127.0.0.1:4100".into(),
            state_dir: None,
            clock_file: None,
            log_file: None,
            clients: Network::ALL.map(client).into(),
        }
    }
}

/// The simulated networks; cheap to clone.
#[derive(Clone)]
pub struct Networks(Arc<Inner>);

struct Inner {
    config: Config,
    clock: Clock,
    fetcher: Fetcher,
    state: Mutex<State>,
    modules: Vec<Arc<dyn Module>>,
}

impl Networks {
    /// Sets everything up and loads the snapshot when there is one. Fails when a file cannot be
    /// read or opened.
    pub fn open(config: Config) -> anyhow::Result<Self> {
        let mut state = match &config.state_dir {
            Some(folder) => snapshot::load(folder)?,
            None => None,
        }
        .unwrap_or_else(|| State::seeded(fresh_seed()));
        if let Some(path) = &config.log_file {
            state.log.write_to(path)?;
        }
        Ok(Self(Arc::new(Inner {
            clock: Clock::new(config.clock_file.clone()),
            fetcher: Fetcher::new()?,
            state: Mutex::new(state),
            modules: vec![
                Arc::new(meta::Meta),
                Arc::new(pinterest::Pinterest),
                Arc::new(x::X),
            ],
            config,
        })))
    }

    /// The address all handed-out URLs start with.
    pub fn public_url(&self) -> &str {
        self.0.config.public_url.trim_end_matches('/')
    }

    /// Simulated now.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// Writes the snapshot to the state folder; its path.
    pub fn write_snapshot(&self) -> anyhow::Result<PathBuf> {
        let Some(folder) = &self.0.config.state_dir else {
            anyhow::bail!("there is no state folder: start with --state-dir");
        };
        snapshot::write(&self.state(), folder)
    }

    fn config(&self) -> &Config {
        &self.0.config
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The state; do not hold it across an `await`.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `{public}/{host}/{path}`.
    fn url(&self, host: &str, path: &str) -> String {
        format!("{}/{host}/{path}", self.public_url())
    }

    fn modules(&self) -> &[Arc<dyn Module>] {
        &self.0.modules
    }

    fn module_for_host(&self, host: &str) -> Option<Arc<dyn Module>> {
        self.modules()
            .iter()
            .find(|m| m.hosts().contains(&host))
            .cloned()
    }

    fn module_of(&self, network: Network) -> Option<Arc<dyn Module>> {
        self.modules()
            .iter()
            .find(|m| m.networks().contains(&network))
            .cloned()
    }

    /// Fetches media by URL, looks at it and keeps a copy.
    async fn fetch(&self, url: &str, limit: u64) -> Result<Media, FetchError> {
        let bytes = self.0.fetcher.get(url, limit).await?;
        Ok(self.keep(&bytes))
    }

    /// Looks at media and keeps a copy.
    fn keep(&self, bytes: &Bytes) -> Media {
        let media = Media::inspect(bytes);
        self.state().media.keep(&media, bytes);
        media
    }
}

/// A seed that differs between starts: old tokens must not come back to life.
fn fresh_seed() -> u64 {
    (Clock::real_ms() as u64).wrapping_mul(0x2545_F491_4F6C_DD1D) ^ u64::from(std::process::id())
}
