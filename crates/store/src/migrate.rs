//! Migrations, run while the processes of the version before work on (`migrations/README.md`).

use std::{fmt::Display, thread::sleep, time::Duration};

use diesel::{
    QueryableByName, RunQueryDsl, connection::SimpleConnection, migration::Migration, pg::Pg,
    sql_types::Bool,
};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use posthaste_core::{Error, ErrorCode, Result};
use tokio::task::spawn_blocking;

use crate::{Address, Conn, StoreExt, wall};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Whoever wants to read or write a table queues up behind a migration that waits for it, so that one waits
/// no longer than this. Longer than PostgreSQL's `deadlock_timeout` (1 s), so that an autovacuum gives way; shorter
/// than two of it, so that a circle of locks ends here and not at a writer.
const LOCK_LIMIT: &str = "SET lock_timeout = '1500ms'";
/// Outside a transaction is only what nobody has to wait for.
const NO_LOCK_LIMIT: &str = "SET lock_timeout = 0";
/// How often a migration whose table is in use is tried, and how long others have the table in between.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(3);
/// How often is looked whether another process has migrated.
const TURN: Duration = Duration::from_millis(500);

pub(crate) type Blocking = AsyncConnectionWrapper<Conn>;

/// Runs `work` where it may block, since migrations are synchronous: any runtime will do.
async fn blocking<T: Send + 'static>(
    address: &Address,
    work: impl FnOnce(&mut Blocking) -> Result<T> + Send + 'static,
) -> Result<T> {
    let conn = address.connect().await?;
    spawn_blocking(move || work(&mut Blocking::from(conn)))
        .await
        .map_err(Error::internal)?
}

/// Runs what is pending, one process at a time, sees to the role of requests, and returns the names of what ran. What was broken off can be
/// run again.
pub async fn migrate(address: &Address) -> Result<Vec<String>> {
    blocking(address, |conn| {
        wait_for_turn(conn)?;
        let pending = conn
            .pending_migrations(MIGRATIONS)
            .map_err(Error::internal)?;
        let ran = pending.iter().map(|one| run(conn, one));
        let ran = ran.collect::<Result<_>>()?;
        wall::raise(conn)?;
        Ok(ran)
    })
    .await
}

/// How many migrations have not run yet.
pub async fn pending_migrations(address: &Address) -> Result<usize> {
    blocking(address, |conn| {
        let pending = conn.pending_migrations(MIGRATIONS);
        Ok(pending.map_err(Error::internal)?.len())
    })
    .await
}

/// Takes every migration back, newest first (tests show that `down.sql` works).
pub async fn revert_all(address: &Address) -> Result<()> {
    blocking(address, |conn| {
        conn.revert_all_migrations(MIGRATIONS)
            .map_err(Error::internal)?;
        Ok(())
    })
    .await
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Until this connection alone migrates. It asks again and again: an index that is being built waits for every
/// statement that runs, and would wait for one that waits here.
fn wait_for_turn(conn: &mut Blocking) -> Result<()> {
    let mut told = false;
    loop {
        let lock = diesel::sql_query("SELECT pg_try_advisory_lock(7041777) AS taken");
        if lock.get_result::<Taken>(conn).stored()?.taken {
            return Ok(());
        }
        if !told {
            tracing::info!("another process migrates; waiting for it");
            told = true;
        }
        sleep(TURN);
    }
}

/// Runs one, again and again while its table is in use.
fn run(conn: &mut Blocking, migration: &dyn Migration<Pg>) -> Result<String> {
    let name = migration.name().to_string();
    let in_transaction = migration.metadata().run_in_transaction();
    let limit = if in_transaction {
        LOCK_LIMIT
    } else {
        NO_LOCK_LIMIT
    };
    conn.batch_execute(limit).stored()?;
    for _ in 0..TRIES {
        if !in_transaction {
            drop_rest(conn, &name)?;
        }
        match conn.run_migration(migration) {
            Ok(_) => return Ok(name),
            Err(error) if is_in_use(&error) => {
                tracing::info!(migration = name, %error, "the table is in use; trying again");
                sleep(PAUSE);
            }
            Err(error) => return Err(Error::internal(error)),
        }
    }
    let message = format!(
        "{name} got no lock: something else holds its table for long, such as a backup. Run it again \
         when that has ended; what ran before stays."
    );
    Err(Error::new(ErrorCode::Unavailable, message))
}

/// An index that was broken off while it was built, or was not written down as built, is still there; it has the
/// name of its migration.
fn drop_rest(conn: &mut Blocking, migration: &str) -> Result<()> {
    let Some((_, index)) = migration.split_once('_') else {
        return Ok(());
    };
    let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS \"{index}\"");
    conn.batch_execute(&drop).stored()
}

/// 55P03 and 40P01 in PostgreSQL's words; diesel has no kinds for them.
fn is_in_use(error: &impl Display) -> bool {
    let text = error.to_string();
    text.contains("due to lock timeout") || text.contains("deadlock detected")
}
