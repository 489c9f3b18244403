use diesel_async::AsyncMigrationHarness;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use posthaste_core::{Error, Result};

use crate::{Address, Conn};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

async fn harness(address: &Address) -> Result<AsyncMigrationHarness<Conn>> {
    Ok(AsyncMigrationHarness::new(address.connect().await?))
}

/// Runs what is pending and returns the names of what ran. Needs a multi-threaded runtime.
pub async fn migrate(address: &Address) -> Result<Vec<String>> {
    let mut harness = harness(address).await?;
    let run = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(Error::internal)?;
    Ok(run.iter().map(ToString::to_string).collect())
}

/// How many migrations have not run yet.
pub async fn pending_migrations(address: &Address) -> Result<usize> {
    let mut harness = harness(address).await?;
    Ok(harness
        .pending_migrations(MIGRATIONS)
        .map_err(Error::internal)?
        .len())
}

/// Takes every migration back, newest first (tests show that `down.sql` works).
pub async fn revert_all(address: &Address) -> Result<()> {
    let mut harness = harness(address).await?;
    harness
        .revert_all_migrations(MIGRATIONS)
        .map_err(Error::internal)?;
    Ok(())
}
