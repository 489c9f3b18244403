use diesel_async::AsyncMigrationHarness;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use posthaste_core::{Error, Result};
use tokio::task::spawn_blocking;

use crate::{Address, Conn};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

type Harness = AsyncMigrationHarness<Conn>;

/// Runs `work` where it may block, since migrations are synchronous: any runtime will do.
async fn with_harness<T: Send + 'static>(
    address: &Address,
    work: impl FnOnce(&mut Harness) -> diesel::migration::Result<T> + Send + 'static,
) -> Result<T> {
    let mut harness = Harness::new(address.connect().await?);
    spawn_blocking(move || work(&mut harness).map_err(Error::internal))
        .await
        .map_err(Error::internal)?
}

/// Runs what is pending and returns the names of what ran.
pub async fn migrate(address: &Address) -> Result<Vec<String>> {
    with_harness(address, |harness| {
        let run = harness.run_pending_migrations(MIGRATIONS)?;
        Ok(run.iter().map(ToString::to_string).collect())
    })
    .await
}

/// How many migrations have not run yet.
pub async fn pending_migrations(address: &Address) -> Result<usize> {
    with_harness(address, |harness| {
        Ok(harness.pending_migrations(MIGRATIONS)?.len())
    })
    .await
}

/// Takes every migration back, newest first (tests show that `down.sql` works).
pub async fn revert_all(address: &Address) -> Result<()> {
    with_harness(address, |harness| {
        harness.revert_all_migrations(MIGRATIONS)?;
        Ok(())
    })
    .await
}
