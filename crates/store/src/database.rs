use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use diesel::ConnectionError;
use diesel_async::{
    AnsiTransactionManager, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig,
        deadpool::{Object, Pool},
    },
};
use futures::FutureExt;
use posthaste_core::{Error, ErrorCode, Result};

use crate::{Address, error::StoreExt};

/// A process that was stopped in a transaction must not hold its locks, nor keep dead rows from being vacuumed.
const IDLE_LIMIT: &str = "SET idle_in_transaction_session_timeout = '30s'";

/// A connection.
pub type Conn = AsyncPgConnection;

/// How many connections, and how long to wait for one.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// Most connections at a time.
    pub max_size: usize,
    /// How long a caller waits for a free one before it gets `UNAVAILABLE`.
    pub wait: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_size: 16,
            wait: Duration::from_secs(5),
        }
    }
}

/// How the pool stands.
#[derive(Clone, Copy, Debug)]
pub struct PoolStatus {
    /// Open connections.
    pub size: usize,
    /// Most connections.
    pub max_size: usize,
    /// Callers waiting.
    pub waiting: usize,
}

/// The database, through a pool. Nothing is opened until it is needed, so that the server can start
/// before its database does.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Conn>,
    address: Address,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

impl Database {
    /// A pool of connections to an address.
    pub fn new(address: Address, settings: PoolSettings) -> Result<Self> {
        let pool = Pool::builder(manager(address.clone()))
            .max_size(settings.max_size)
            .wait_timeout(Some(settings.wait))
            .create_timeout(Some(settings.wait))
            .recycle_timeout(Some(settings.wait))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(Error::internal)?;
        Ok(Self { pool, address })
    }

    /// Where it is, for connections outside the pool (migrations, notifications).
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A connection for reading, or for a single statement.
    pub async fn get(&self) -> Result<Object<Conn>> {
        self.pool.get().await.map_err(|cause| {
            Error::new(ErrorCode::Unavailable, ErrorCode::Unavailable.title())
                .retry_after(1)
                .caused_by(cause)
        })
    }

    /// Begins a transaction. It is rolled back unless [`Tx::commit`] is called.
    pub async fn begin(&self) -> Result<Tx> {
        let mut conn = self.get().await?;
        AnsiTransactionManager::begin_transaction(&mut *conn)
            .await
            .stored()?;
        Ok(Tx { conn: Some(conn) })
    }

    /// How the pool stands.
    pub fn status(&self) -> PoolStatus {
        let status = self.pool.status();
        PoolStatus {
            size: status.size,
            max_size: status.max_size,
            waiting: status.waiting,
        }
    }
}

/// The pool's connections are made by [`Address::connect`]; the manager's own string stays empty.
fn manager(address: Address) -> AsyncDieselConnectionManager<Conn> {
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(move |_| {
        let address = address.clone();
        async move { open(&address).await.map_err(bad_connection) }.boxed()
    });
    AsyncDieselConnectionManager::new_with_config("", config)
}

async fn open(address: &Address) -> Result<Conn> {
    let mut conn = address.connect().await?;
    conn.batch_execute(IDLE_LIMIT).await.stored()?;
    Ok(conn)
}

fn bad_connection(error: Error) -> ConnectionError {
    let reason = error.cause.map(|cause| cause.to_string());
    ConnectionError::BadConnection(reason.unwrap_or(error.message))
}

/// A transaction on a pooled connection. Use it as a connection; end it with [`Tx::commit`].
pub struct Tx {
    conn: Option<Object<Conn>>,
}

impl Tx {
    /// Commits.
    pub async fn commit(mut self) -> Result<()> {
        let Some(mut conn) = self.conn.take() else {
            return Ok(());
        };
        AnsiTransactionManager::commit_transaction(&mut *conn)
            .await
            .stored()
    }

    /// Undoes everything now; dropping does the same a little later.
    pub async fn rollback(mut self) -> Result<()> {
        let Some(mut conn) = self.conn.take() else {
            return Ok(());
        };
        AnsiTransactionManager::rollback_transaction(&mut *conn)
            .await
            .stored()
    }
}

const LIVE: &str = "a transaction has its connection until it is committed or dropped";

impl Deref for Tx {
    type Target = Conn;
    #[expect(
        clippy::expect_used,
        reason = "the connection is only taken by commit and drop, which consume the transaction"
    )]
    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect(LIVE)
    }
}

impl DerefMut for Tx {
    #[expect(
        clippy::expect_used,
        reason = "the connection is only taken by commit and drop, which consume the transaction"
    )]
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect(LIVE)
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else {
            return;
        };
        // Dropping cannot wait; the connection goes back to the pool once the rollback is done.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = AnsiTransactionManager::rollback_transaction(&mut *conn).await {
                    tracing::debug!(%error, "rollback failed; the pool will drop the connection");
                }
            });
        }
    }
}

#[derive(diesel::QueryableByName)]
struct DatabaseTime {
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    at: chrono::DateTime<chrono::Utc>,
}

/// The database's clock: only to compare with ours, never as a business time.
pub async fn database_time(conn: &mut Conn) -> Result<chrono::DateTime<chrono::Utc>> {
    use diesel_async::RunQueryDsl;
    let row: DatabaseTime = diesel::sql_query("SELECT clock_timestamp() AS at")
        .get_result(conn)
        .await
        .stored()?;
    Ok(row.at)
}
