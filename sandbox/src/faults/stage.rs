//! The ground of a case: PostgreSQL, the networks behind a proxy, servers and workers, all of them
//! processes of their own.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use posthaste_core::{access::Role, ids::ApiKeyId, secret::Secret};
use posthaste_engine::{
    Actor, App,
    adapters::{KeyRing, KeySource, OsRandom, SystemClock},
    session::{self, NewWorkspace},
};
use posthaste_postgres::{Binaries, Durability, Search};
use posthaste_store::{Address, Database, PoolSettings};
use serde_json::json;
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use super::{
    check::Due,
    client::Client,
    database::Postgres,
    evidence::{Crash, Evidence, Logs},
    program::Program,
    proxy::Proxy,
    pulse::Pulse,
    redis::Redis,
};
use crate::{
    seed::Control,
    setup::{Setup, app, quick_timing, unlimited},
};

const SECRET: &str = "only for this run: thirty-two characters and more";
/// How long everything may take to be ready.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a case needs of its ground.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What a crash of PostgreSQL may cost.
    pub durability: Durability,
    /// Publishing processes.
    pub workers: usize,
    /// Variables of single workers, by number.
    pub worker_environment: Vec<(usize, &'static str, String)>,
    /// Each process follows a clock file of its own, and the workers watch their clocks.
    pub own_clocks: bool,
    /// Whether the processes share a Redis.
    pub redis: bool,
    /// How long the networks' lists take to show a post.
    pub list_lag: Duration,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            durability: Durability::Test,
            workers: 2,
            worker_environment: Vec::new(),
            own_clocks: false,
            redis: false,
            list_lag: Duration::from_millis(150),
        }
    }
}

/// What holds for all cases of a run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Folder of the run.
    pub home: PathBuf,
    /// What waits are divided by.
    pub pace: u32,
    /// Another `posthaste` that takes part where versions are mixed.
    pub old: Option<PathBuf>,
    /// Posts of the crowd (F21).
    pub crowd: usize,
    /// Redis's server.
    pub redis: PathBuf,
}

/// A running ground.
pub struct Stage {
    pub setting: Setting,
    pub home: PathBuf,
    pub postgres: Postgres,
    /// Between Posthaste and the networks.
    pub proxy: Proxy,
    pub networks: Program,
    pub redis: Option<Redis>,
    pub servers: Vec<Program>,
    pub workers: Vec<Program>,
    pub client: Client,
    pub control: Control,
    pub app: App,
    pub actor: Actor,
    /// Uploaded pictures.
    pub pictures: Vec<String>,
    pub evidence: Evidence,
    /// Seconds that writing the posts of a round may take; grows on a busy machine.
    pub lead: f64,
    /// Tells how busy the machine is.
    pub pulse: Pulse,
    /// The targets of all rounds, as they were judged.
    pub judged: Vec<Due>,
    logs: Logs,
    /// What every process is told by its environment.
    environment: BTreeMap<String, String>,
}

/// The lead at first.
const LEAD: f64 = 2.5;

/// The program built beside this one.
pub fn beside(name: &str) -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(name))
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Stage {
    /// Starts everything in a folder of its own and waits until it is ready.
    pub async fn start(name: &str, wanted: &Wanted, setting: &Setting) -> anyhow::Result<Self> {
        let home = setting.home.join(name);
        clear(&home).await?;
        let binaries = Binaries::find(&Search::from_env(Path::new(".posthaste")))?;
        let postgres = Postgres::start(&binaries, &home, wanted.durability).await?;
        posthaste_store::migrate(&Address::new(postgres.url(), None)?).await?;

        let addresses = [free_address()?, free_address()?, free_address()?];
        let networks = start_networks(&home, addresses[0])?;
        let networks_url = format!("http://{}", addresses[0]);
        let (proxy, near) = Proxy::tcp(vec![addresses[0]], 1).await?;
        let (_, front) = Proxy::tcp(addresses[1..].to_vec(), 1).await?;
        let secret = home.join("secret");
        std::fs::write(&secret, SECRET)?;
        let mut common = BTreeMap::from([
            ("DATABASE_URL".to_owned(), postgres.url().to_owned()),
            ("POSTHASTE_PUBLIC_URL".into(), format!("http://{front}")),
            (
                "POSTHASTE_NETWORKS_BASE_URL".into(),
                format!("http://{near}"),
            ),
            (
                "POSTHASTE_DATA_DIR".into(),
                home.join("data").display().to_string(),
            ),
            ("POSTHASTE_SECRET_FILE".into(), secret.display().to_string()),
            ("POSTHASTE_SANDBOX".into(), "1".into()),
            ("POSTHASTE_SANDBOX_PACE".into(), setting.pace.to_string()),
            ("POSTHASTE_LIMITS_BUCKET".into(), "0".into()),
            ("POSTHASTE_LOG".into(), "info".into()),
            ("POSTHASTE_LOG_FORMAT".into(), "json".into()),
        ]);
        let keys = home.join("master-keys");
        std::fs::write(&keys, format!("{}\n", KeyRing::new_line().expose()))?;
        common.insert(
            "POSTHASTE_MASTER_KEY_FILE".into(),
            keys.display().to_string(),
        );
        let redis = if wanted.redis {
            Some(Redis::start(&home, &setting.redis).await?)
        } else {
            None
        };
        if let Some(redis) = &redis {
            common.insert("REDIS_URL".into(), redis.url());
            // Limits that nobody comes to, so that Redis is asked.
            common.insert("POSTHASTE_LIMITS_BUCKET".into(), "1000000".into());
            common.insert(
                "POSTHASTE_LIMITS_RESTORE_PER_SECOND".into(),
                "1000000".into(),
            );
        }
        let app = application(&home, &postgres, &networks_url, &format!("http://{front}"))?;
        let (actor, key) = owner(&app).await?;
        let servers = servers(&home, wanted, &addresses[1..], &common)?;
        let workers = workers(&home, wanted, &common)?;
        let urls = addresses[1..]
            .iter()
            .map(|address| format!("http://{address}"));
        let logs = Logs::of(workers.iter().chain(&servers).map(Program::log));
        let mut stage = Self {
            setting: setting.clone(),
            home,
            postgres,
            proxy,
            networks,
            redis,
            servers,
            workers,
            client: Client::new(urls.collect(), key)?,
            control: Control::new(&networks_url)?,
            app,
            actor,
            pictures: Vec::new(),
            evidence: Evidence::default(),
            lead: LEAD,
            pulse: Pulse::start(),
            judged: Vec::new(),
            logs,
            environment: common,
        };
        stage.until_ready().await?;
        stage.calm(wanted).await?;
        for shade in [40, 160] {
            stage
                .pictures
                .push(stage.client.upload(picture(shade)?).await?);
        }
        Ok(stage)
    }

    async fn until_ready(&self) -> anyhow::Result<()> {
        let end = Instant::now() + PATIENCE;
        for n in 0..self.servers.len() {
            while self.client.health(n, "/readyz").await != Some(200) {
                ensure!(
                    Instant::now() < end,
                    "{} does not become ready",
                    self.servers[n].name
                );
                sleep(Duration::from_millis(50)).await;
            }
        }
        for worker in &self.workers {
            worker.running().await.context("no worker")?;
        }
        Ok(())
    }

    /// Networks and proxy as they are without faults.
    pub async fn calm(&self, wanted: &Wanted) -> anyhow::Result<()> {
        self.proxy.heal();
        self.control.clear_faults().await?;
        let lag = wanted.list_lag.as_millis() as u64;
        let lags = json!({ "FACEBOOK": lag, "INSTAGRAM": lag, "PINTEREST": lag, "X": lag });
        self.control
            .switch(json!({ "readBackLagMs": lags, "processingMs": 100 }))
            .await
    }

    /// Adds what the processes wrote about since the last time to the evidence.
    /// Returns the crashes among it.
    pub fn read_logs(&mut self) -> anyhow::Result<Vec<Crash>> {
        self.logs.read(&mut self.evidence)
    }

    /// Adds how often the networks' faults hit a call to the evidence.
    pub async fn count_hits(&mut self) -> anyhow::Result<()> {
        for fault in self.control.faults().await? {
            let kind = fault["kind"].as_str().unwrap_or_default().replace('_', " ");
            let hits = fault["hits"].as_u64().unwrap_or_default();
            self.evidence.add(&kind, hits);
        }
        Ok(())
    }

    /// Runs a command of `posthaste` as the operator does, beside the processes; what it prints.
    pub async fn operator(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(beside("posthaste")?)
            .args(arguments)
            .envs(&self.environment)
            .output()
            .await?;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let why = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{arguments:?}: {told}{why}");
        Ok(told)
    }

    /// All processes of Posthaste.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.servers.iter().chain(&self.workers)
    }

    /// Ends everything.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.end().await
    }

    async fn end(&mut self) -> anyhow::Result<()> {
        let all = self
            .workers
            .iter()
            .chain(&self.servers)
            .chain([&self.networks]);
        let redis = self.redis.iter().map(|redis| &redis.program);
        futures::future::join_all(all.chain(redis).map(Program::stop)).await;
        self.postgres.stop().await
    }
}

/// Throws away what an earlier run left.
pub async fn clear(home: &Path) -> anyhow::Result<()> {
    posthaste_postgres::remove(&home.join("pgdata")).await?;
    if home.exists() {
        std::fs::remove_dir_all(home)
            .with_context(|| format!("cannot remove {}", home.display()))?;
    }
    std::fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))
}

fn start_networks(home: &Path, address: SocketAddr) -> anyhow::Result<Program> {
    let state = home.join("networks").display().to_string();
    let (listen, url) = (address.to_string(), format!("http://{address}"));
    Program::start(
        home,
        "networks",
        &beside("posthaste-sandbox")?,
        &[
            "networks",
            "--listen",
            &listen,
            "--state-dir",
            &state,
            "--public-url",
            &url,
        ],
        BTreeMap::new(),
    )
}

/// The clock file of a process.
pub fn clock_file(home: &Path, name: &str) -> PathBuf {
    home.join(format!("clock-{name}"))
}

fn servers(
    home: &Path,
    wanted: &Wanted,
    addresses: &[SocketAddr],
    common: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<Program>> {
    let start = |(n, address): (usize, &SocketAddr)| {
        let mut environment = common.clone();
        environment.insert("POSTHASTE_LISTEN".into(), address.to_string());
        let name = format!("serve-{}", n + 1);
        if wanted.own_clocks {
            let file = clock_file(home, &name).display().to_string();
            environment.insert("POSTHASTE_CLOCK_FILE".into(), file);
        }
        Program::start(home, &name, &beside("posthaste")?, &["serve"], environment)
    };
    addresses.iter().enumerate().map(start).collect()
}

fn workers(
    home: &Path,
    wanted: &Wanted,
    common: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<Program>> {
    let start = |n: usize| {
        let mut environment = common.clone();
        let name = format!("worker-{}", n + 1);
        if wanted.own_clocks {
            let file = clock_file(home, &name).display().to_string();
            environment.insert("POSTHASTE_CLOCK_FILE".into(), file);
            environment.insert("POSTHASTE_SANDBOX_CLOCK_GUARD".into(), "1".into());
        }
        let own = wanted.worker_environment.iter();
        for (_, name, value) in own.filter(|(number, ..)| *number == n) {
            environment.insert((*name).to_owned(), value.clone());
        }
        Program::start(home, &name, &beside("posthaste")?, &["worker"], environment)
    };
    (0..wanted.workers).map(start).collect()
}

/// Posthaste within this process, to connect accounts without a browser.
fn application(
    home: &Path,
    postgres: &Postgres,
    networks_url: &str,
    public_url: &str,
) -> anyhow::Result<App> {
    Ok(app(Setup {
        db: Database::new(Address::new(postgres.url(), None)?, PoolSettings::default())?,
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
        data_dir: &home.join("data"),
        secret: Secret::new(SECRET),
        keys: KeySource::File(home.join("master-keys")),
        public_url: public_url.to_owned(),
        networks_url: networks_url.to_owned(),
        timing: quick_timing(),
        quotas: unlimited(),
    })?)
}

async fn owner(app: &App) -> anyhow::Result<(Actor, String)> {
    let new = NewWorkspace {
        id: None,
        name: "Faults".into(),
        time_zone: "UTC".into(),
    };
    let workspace = session::create_workspace(app, new).await?.id;
    let id = ApiKeyId::new(&*app.clock, &*app.random);
    let key = session::sample_key(app, workspace, id, Role::Owner).await?;
    Ok((Actor::system(workspace), key.expose().to_owned()))
}

fn picture(shade: u8) -> anyhow::Result<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_fn(400, 400, |x, y| {
        image::Rgb([(x / 2) as u8, (y / 2) as u8, shade])
    });
    pixels.write_to(&mut bytes, image::ImageFormat::Jpeg)?;
    Ok(bytes.into_inner())
}
