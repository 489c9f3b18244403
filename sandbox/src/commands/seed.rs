//! `posthaste-sandbox seed`: sample people, keys and connected accounts.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use posthaste_core::{ports::Clock, secret::Secret};
use posthaste_engine::adapters::{KeySource, MovableClock, OsRandom, SystemClock};
use posthaste_store::{Address, Database, PoolSettings};

use crate::{
    seed::{Control, seed},
    setup::{Setup, app, quick_timing, unlimited},
};

/// Options of the subcommand; the supervisor gives them as environment.
#[derive(clap::Args)]
pub struct Args {
    /// Connection string of the database, migrated already.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// File with the server's secret.
    #[arg(long, env = "POSTHASTE_SECRET_FILE")]
    secret_file: PathBuf,
    /// Folder of media.
    #[arg(long, env = "POSTHASTE_DATA_DIR")]
    data_dir: PathBuf,
    /// File that holds the clock's offset in milliseconds.
    #[arg(long, env = "POSTHASTE_CLOCK_FILE")]
    clock_file: Option<PathBuf>,
    /// Where Posthaste is reached.
    #[arg(long, env = "POSTHASTE_PUBLIC_URL")]
    public_url: String,
    /// Where the simulated networks are.
    #[arg(long, env = "POSTHASTE_NETWORKS_BASE_URL")]
    networks_url: String,
}

/// Seeds what is missing and prints the facts as one JSON object.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let secret = std::fs::read_to_string(&args.secret_file)
        .with_context(|| format!("cannot read {}", args.secret_file.display()))?;
    let clock: Arc<dyn Clock> = match args.clock_file {
        Some(file) => Arc::new(MovableClock::new(file)),
        None => Arc::new(SystemClock),
    };
    let app = app(Setup {
        db: Database::new(
            Address::new(&args.database_url, None)?,
            PoolSettings::default(),
        )?,
        clock,
        random: Arc::new(OsRandom),
        data_dir: &args.data_dir,
        secret: Secret::new(secret.trim()),
        keys: KeySource::Secret,
        public_url: args.public_url,
        networks_url: args.networks_url.clone(),
        timing: quick_timing(),
        quotas: unlimited(),
    })?;
    let facts = seed(&app, &Control::new(&args.networks_url)?).await?;
    println!("{}", serde_json::to_string(&facts)?);
    Ok(())
}
