//! `posthaste sandbox`: everything on one machine. Starts a private PostgreSQL, the simulated networks,
//! the API and a worker, keeps them running, and stops them together.

mod facts;
mod layout;
mod leftovers;
mod ports;
mod probe;
mod seed;
mod service;
mod show;

use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use futures::{FutureExt, future::select_all};
use posthaste_postgres::{Binaries, Cluster, Options, Search};
use tokio::signal::unix::{Signal, SignalKind, signal};

use facts::Facts;
use layout::Layout;
use seed::Seed;
use service::{Change, Program, Service};

/// The database that the sandbox uses in its PostgreSQL.
const DATABASE: &str = "posthaste";

/// How long a stopping child may finish what it does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Run Posthaste on this machine with simulated networks.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What to do with a sandbox that runs.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// Folder for data, logs, keys and a fetched PostgreSQL.
    #[arg(long, default_value = ".posthaste")]
    home: PathBuf,
    /// Port of the API and GraphiQL on 127.0.0.1.
    #[arg(long, default_value_t = 4000)]
    port: u16,
    /// Port of the simulated networks on 127.0.0.1.
    #[arg(long, default_value_t = 4100)]
    networks_port: u16,
    /// Throw away the data of earlier runs first.
    #[arg(long)]
    reset: bool,
}

/// What can be done with a sandbox that runs.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    Trigger(super::client::Trigger),
}

/// Runs until Ctrl-C, SIGTERM or a closed terminal, then stops everything it started and nothing else.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let layout = Layout::new(&args.home, args.port, args.networks_port)?;
    leftovers::stop(&layout.run_file()).await?;
    if args.reset {
        layout.reset().await?;
    }
    ports::check(args.port, "--port")?;
    ports::check(args.networks_port, "--networks-port")?;
    layout.create()?;

    let mut sandbox = Sandbox {
        layout,
        postgres: None,
        services: Vec::new(),
        seed: None,
    };
    let outcome = tokio::select! {
        outcome = sandbox.run() => outcome,
        () = signals.any() => Ok(()),
    };
    show::line("stopping");
    sandbox.stop().await.and(outcome)
}

/// What runs, in the order in which it was started.
struct Sandbox {
    layout: Layout,
    postgres: Option<Cluster>,
    services: Vec<Service>,
    seed: Option<Seed>,
}

impl Sandbox {
    /// Starts everything and keeps it running; returns only with an error.
    async fn run(&mut self) -> anyhow::Result<()> {
        let begin = show::Step::begin();
        self.start().await?;
        self.record()?;
        if let Some(seed) = &self.seed {
            show::welcome(&self.layout, seed, &begin);
        }
        loop {
            self.watch().await?;
            self.record()?;
        }
    }

    async fn start(&mut self) -> anyhow::Result<()> {
        let step = show::Step::begin();
        let version = self.start_postgres().await?;
        step.done(&format!("PostgreSQL {version}"));

        let step = show::Step::begin();
        self.posthaste("migrate", &["migrate"]).finish().await?;
        step.done("database schema");

        let step = show::Step::begin();
        let networks = self.layout.networks_arguments();
        self.start_service(self.simulator("networks", networks)?)?;
        self.ready(self.layout.networks_port, "/control/clock")
            .await?;
        step.done("simulated networks");

        let step = show::Step::begin();
        let seed = self
            .simulator("seed", Layout::seed_arguments())?
            .finish()
            .await?;
        self.seed = Some(Seed::read(&seed)?);
        step.done("sample workspace");

        let step = show::Step::begin();
        self.start_service(self.posthaste("api", &["serve"]))?;
        self.ready(self.layout.port, "/startupz").await?;
        step.done("API");

        self.start_service(self.posthaste("worker", &["worker"]))
    }

    async fn start_postgres(&mut self) -> anyhow::Result<String> {
        let data = self.layout.data();
        let binaries = Binaries::find(&Search::from_env(&self.layout.home).for_data(&data))?;
        let cluster = Cluster::start(&binaries, &data, Options::default()).await?;
        let cluster = self.postgres.insert(cluster);
        if cluster.data_dir() != data {
            let real = cluster.data_dir().display();
            show::line(&format!(
                "the database lies in {real}, where its user can reach it"
            ));
        }
        cluster.create_database(DATABASE).await?;
        Ok(binaries.version)
    }

    /// A subcommand of this program.
    fn posthaste(&self, name: &'static str, arguments: &[&str]) -> Program {
        let arguments = arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .collect();
        self.program(name, self.layout.program.clone(), arguments)
    }

    /// A subcommand of the program that holds the simulated networks.
    fn simulator(&self, name: &'static str, arguments: Vec<String>) -> anyhow::Result<Program> {
        Ok(self.program(name, self.layout.simulator()?, arguments))
    }

    fn program(&self, name: &'static str, path: PathBuf, arguments: Vec<String>) -> Program {
        let environment = self.layout.environment(&self.database_url());
        Program {
            name,
            path,
            arguments,
            environment,
            log: self.layout.log(name),
        }
    }

    fn start_service(&mut self, program: Program) -> anyhow::Result<()> {
        self.services.push(Service::start(program)?);
        self.remember()
    }

    /// Waits until the service that was started last answers.
    async fn ready(&mut self, port: u16, path: &str) -> anyhow::Result<()> {
        let service = self.services.last_mut().context("nothing was started")?;
        service.ready(port, path).await
    }

    /// Waits for one child to end or to be due again.
    async fn watch(&mut self) -> anyhow::Result<()> {
        let services = self
            .services
            .iter_mut()
            .map(|service| async { Event::Service(service.change().await) }.boxed());
        let postgres = self
            .postgres
            .iter_mut()
            .map(|cluster| async { Event::Postgres(cluster.ended().await) }.boxed());
        let (event, _, _) = select_all(services.chain(postgres)).await;
        match event {
            Event::Service(Change::Ended(line) | Change::Started(line)) => show::line(&line),
            Event::Postgres(status) => {
                show::line(&format!("PostgreSQL ended ({status}); starting it again"));
                // Frees the folder for the next one.
                self.postgres = None;
                self.start_postgres().await?;
                show::line("PostgreSQL runs again");
            }
        }
        Ok(())
    }

    /// Writes down what runs, for whoever comes after us and for scripts.
    fn record(&self) -> anyhow::Result<()> {
        self.remember()?;
        let Some(seed) = &self.seed else {
            return Ok(());
        };
        let facts = Facts::new(&self.layout, seed, self.postgres.as_ref(), &self.services);
        facts::write(&self.layout.facts_file(), &facts)
    }

    fn remember(&self) -> anyhow::Result<()> {
        let children = self
            .services
            .iter()
            .filter_map(|service| Some((service.name(), service.pid()?)));
        leftovers::write(&self.layout.run_file(), children)
    }

    fn database_url(&self) -> String {
        self.postgres
            .as_ref()
            .map_or_else(String::new, |cluster| cluster.url(DATABASE))
    }

    /// Stops in the opposite order: worker, API, networks, PostgreSQL.
    async fn stop(mut self) -> anyhow::Result<()> {
        if self.seed.is_some() {
            facts::remove(&self.layout.facts_file())?;
        }
        while let Some(service) = self.services.pop() {
            service.stop(PATIENCE).await;
        }
        let stopped = match self.postgres.take() {
            Some(cluster) => cluster.stop().await,
            None => return Ok(()),
        };
        facts::remove(&self.layout.run_file())?;
        Ok(stopped?)
    }
}

enum Event {
    Service(Change),
    Postgres(String),
}

/// What ends the sandbox.
struct Signals([Signal; 3]);

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn any(&mut self) {
        select_all(self.0.iter_mut().map(|signal| signal.recv().boxed())).await;
    }
}
