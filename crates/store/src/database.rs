use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use diesel::{ConnectionError, QueryResult};
use diesel_async::{
    AnsiTransactionManager, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
};
use futures::FutureExt;
use posthaste_core::{Error, ErrorCode, Result, ids::WorkspaceId};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{Address, error::StoreExt, wall::Side};

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
///
/// The server itself reaches all rows; what a request reaches ends at the wall of its workspace
/// ([`Database::within`]). Each time a connection leaves the pool it is taken to the side of whoever gets it, in the
/// round trip that shows that it is alive: what the user before left behind does not matter.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Conn>,
    address: Arc<Address>,
    patience: Duration,
    side: Side,
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
        Ok(Self {
            pool,
            address: Arc::new(address),
            patience: settings.wait,
            side: Side::Everywhere,
        })
    }

    /// Where it is, for connections outside the pool (migrations, notifications).
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The same database as far as one workspace reaches: rows of others are not there, whatever is asked.
    pub fn within(&self, workspace: WorkspaceId) -> Self {
        Self {
            side: Side::Within(workspace),
            ..self.clone()
        }
    }

    /// The same database for somebody who belongs to no workspace.
    pub fn nowhere(&self) -> Self {
        self.within(Uuid::nil().into())
    }

    /// The same database with all rows, for the server itself.
    pub fn everywhere(&self) -> Self {
        Self {
            side: Side::Everywhere,
            ..self.clone()
        }
    }

    /// A connection for reading, or for a single statement.
    pub async fn get(&self) -> Result<Object<Conn>> {
        self.checked_out(First::Statement(self.side.take(false)))
            .await
    }

    /// Begins a transaction. It is rolled back unless [`Tx::commit`] is called.
    pub async fn begin(&self) -> Result<Tx> {
        let first = First::Transaction(format!("BEGIN; {}", self.side.take(true)));
        let conn = self.checked_out(first).await?;
        Ok(Tx { conn: Some(conn) })
    }

    /// A connection after its first words. One that died in the pool is thrown away for another.
    async fn checked_out(&self, first: First) -> Result<Object<Conn>> {
        loop {
            let mut conn = self.pool.get().await.map_err(unavailable)?;
            let is_new = Object::<Conn>::metrics(&conn).recycle_count == 0;
            let error = match timeout(self.patience, first.say(&mut conn)).await {
                Ok(Ok(())) => return Ok(conn),
                Ok(Err(error)) => Some(error),
                Err(_) => None,
            };
            // Nobody knows how it stands.
            drop(Object::take(conn));
            match error {
                Some(error) if is_new => return Err(error).stored(),
                Some(error) => tracing::debug!(%error, "a connection died in the pool"),
                None => return Err(unavailable("the database does not answer")),
            }
        }
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

/// What is said first on a connection that leaves the pool.
enum First {
    Statement(String),
    Transaction(String),
}

impl First {
    async fn say(&self, conn: &mut Conn) -> QueryResult<()> {
        match self {
            Self::Statement(sql) => conn.batch_execute(sql).await,
            Self::Transaction(sql) => {
                AnsiTransactionManager::begin_transaction_sql(conn, sql).await
            }
        }
    }
}

fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorCode::Unavailable, ErrorCode::Unavailable.title())
        .retry_after(1)
        .caused_by(cause)
}

/// The pool's connections are made by [`Address::connect`]; the manager's own string stays empty.
fn manager(address: Address) -> AsyncDieselConnectionManager<Conn> {
    let mut config = ManagerConfig::default();
    // The first statement of whoever gets it verifies a connection.
    config.recycling_method = RecyclingMethod::Fast;
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
