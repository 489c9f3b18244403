use anyhow::Context;
use posthaste_store::migrate;

use crate::config::Config;

/// Bring the database's schema up to date.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs pending migrations and prints their names.
pub async fn run(config: Config, _args: Args) -> anyhow::Result<()> {
    let ran = migrate(&config.address()?)
        .await
        .context("the migrations did not run")?;
    if ran.is_empty() {
        println!("the database is up to date");
    }
    for name in ran {
        println!("{name}");
    }
    Ok(())
}
