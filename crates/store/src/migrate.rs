use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use posthaste_core::{Error, ErrorCode, Result};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

async fn harness(url: &str) -> Result<AsyncMigrationHarness<AsyncPgConnection>> {
    let connection = AsyncPgConnection::establish(url).await.map_err(|cause| {
        Error::new(ErrorCode::Unavailable, ErrorCode::Unavailable.title()).caused_by(cause)
    })?;
    Ok(AsyncMigrationHarness::new(connection))
}

/// Runs what is pending and returns the names of what ran. Needs a multi-threaded runtime.
pub async fn migrate(url: &str) -> Result<Vec<String>> {
    let mut harness = harness(url).await?;
    let run = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(Error::internal)?;
    Ok(run.iter().map(ToString::to_string).collect())
}

/// How many migrations have not run yet.
pub async fn pending_migrations(url: &str) -> Result<usize> {
    let mut harness = harness(url).await?;
    Ok(harness
        .pending_migrations(MIGRATIONS)
        .map_err(Error::internal)?
        .len())
}

/// Takes every migration back, newest first (tests show that `down.sql` works).
pub async fn revert_all(url: &str) -> Result<()> {
    let mut harness = harness(url).await?;
    harness
        .revert_all_migrations(MIGRATIONS)
        .map_err(Error::internal)?;
    Ok(())
}
