use std::{path::Path, sync::Arc};

use anyhow::Context;
use posthaste_core::secret::Secret;
use posthaste_engine::{
    Actor, App,
    adapters::{KeySource, OsRandom, SystemClock},
    session::{self, NewWorkspace},
};
use posthaste_postgres::{Binaries, Cluster, Durability, Options, Search};
use posthaste_store::{Address, Database, PoolSettings};
use tokio::net::TcpListener;

use crate::{
    networks::{Config, Networks, serve},
    seed::Control,
    setup::{Setup, app, quick_timing, unlimited},
    show::media_routes,
};

/// The server's secret in this run.
pub const SECRET: &str = "only for this run: thirty-two characters and more";

/// A private PostgreSQL with production's durability, the simulated networks and the application.
pub struct Ground {
    pub app: App,
    pub actor: Actor,
    pub control: Control,
    pub database_url: String,
    pub networks_url: String,
    /// Where networks fetch media.
    pub public_url: String,
    cluster: Cluster,
    /// Emptied when dropped.
    pub files: tempfile::TempDir,
}

impl Ground {
    pub async fn new() -> anyhow::Result<Self> {
        let files = tempfile::tempdir()?;
        // PostgreSQL runs as another user when we are root.
        set_open(files.path())?;
        let binaries = Binaries::find(&Search::from_env(Path::new(".posthaste")))?;
        let cluster = Cluster::start(
            &binaries,
            &files.path().join("pgdata"),
            Options {
                durability: Durability::Production,
            },
        )
        .await?;
        cluster.create_database("bench").await?;
        let database_url = cluster.url("bench");
        let address = Address::new(&database_url, None)?;
        posthaste_store::migrate(&address).await?;

        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let networks_url = format!("http://{}", listener.local_addr()?);
        let networks = Networks::open(Config {
            public_url: networks_url.clone(),
            ..Config::default()
        })?;
        tokio::spawn(serve(listener, networks, std::future::pending()));

        let public = TcpListener::bind("127.0.0.1:0").await?;
        let public_url = format!("http://{}", public.local_addr()?);
        let app = app(Setup {
            db: Database::new(
                address,
                PoolSettings {
                    max_size: 32,
                    ..PoolSettings::default()
                },
            )?,
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            data_dir: &files.path().join("data"),
            secret: Secret::new(SECRET),
            keys: KeySource::Secret,
            public_url: public_url.clone(),
            networks_url: networks_url.clone(),
            quotas: unlimited(),
            timing: posthaste_core::target::Timing {
                lease: std::time::Duration::from_secs(90),
                ..quick_timing()
            },
        })?;
        let routes = media_routes(app.clone());
        tokio::spawn(async move { axum::serve(public, routes).await });
        Ok(Self {
            actor: workspace(&app).await?,
            app,
            control: Control::new(&networks_url)?,
            database_url,
            networks_url,
            public_url,
            cluster,
            files,
        })
    }

    /// The owner of another workspace.
    pub async fn workspace(&self) -> anyhow::Result<Actor> {
        workspace(&self.app).await
    }

    /// A connection for plain SQL.
    pub async fn sql(&self) -> anyhow::Result<tokio_postgres::Client> {
        let (client, connection) =
            tokio_postgres::connect(&self.database_url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// PostgreSQL's first process.
    pub fn postgres(&self) -> Option<u32> {
        self.cluster.pid()
    }

    pub async fn end(self) -> anyhow::Result<()> {
        self.cluster.stop().await.context("stopping PostgreSQL")
    }
}

async fn workspace(app: &App) -> anyhow::Result<Actor> {
    let new = NewWorkspace {
        id: None,
        name: "Bench".into(),
        time_zone: "UTC".into(),
    };
    let workspace = session::create_workspace(app, new).await?.id;
    Ok(Actor::system(workspace))
}

fn set_open(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(
        folder,
        std::fs::Permissions::from_mode(0o755),
    )?)
}
