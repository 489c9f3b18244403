//! Redis: what processes share that may be lost at any time. Nothing here is the truth: without Redis,
//! and while it is away, each process goes on by itself.

mod buckets;
mod tally;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{Stream, StreamExt};
use posthaste_core::{Error, ErrorCode, Result};
use redis::{
    Client, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::time::{sleep, timeout};

pub use buckets::RedisBuckets;
pub use tally::RedisTally;

/// How long an answer may take. Requests wait for it, so a slow Redis counts as one that is away.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long connecting may take; nobody waits for it.
const CONNECTING: Duration = Duration::from_secs(2);

/// While it is away it is tried this often.
const REST: Duration = Duration::from_secs(1);

/// A Redis server, connected to when it is needed, and again after it was away. Cheap to clone.
#[derive(Clone)]
pub struct Redis(Arc<Parts>);

struct Parts {
    client: Client,
    connection: Mutex<ConnectionManager>,
    prefix: String,
    /// It did not answer, or not as it should, and is not asked until it was tried with success.
    is_away: AtomicBool,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a password.
        f.write_str("Redis")
    }
}

impl Redis {
    /// A server by its address (`redis://`, `rediss://` with TLS, `redis+unix://`); every key begins with
    /// `prefix`. Nothing is connected yet. To be called on the runtime.
    pub fn new(url: &str, prefix: &str) -> Result<Self> {
        let client = Client::open(url).map_err(|cause| {
            let message = "The address of Redis is not understood.";
            Error::new(ErrorCode::InvalidInput, message).caused_by(cause)
        })?;
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), settings())
            .map_err(Error::internal)?;
        Ok(Self(Arc::new(Parts {
            client,
            connection: connection.into(),
            prefix: prefix.to_owned(),
            is_away: AtomicBool::default(),
        })))
    }

    /// Whether an address is understood.
    pub fn understands(url: &str) -> bool {
        Client::open(url).is_ok()
    }

    /// Whether the server answers, for checks; the error says why not.
    pub async fn ping(&self) -> Result<()> {
        let asked = async {
            let mut connection = self.0.client.get_multiplexed_async_connection().await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await
        };
        timeout(PATIENCE, asked)
            .await
            .map_err(unavailable)?
            .map_err(unavailable)
    }

    /// Tries it once, before anything asks: an address or password that is wrong is told at start. Posthaste
    /// goes on without it.
    pub async fn greet(&self) {
        match timeout(CONNECTING, self.connect()).await {
            Ok(Ok(connection)) => *self.connected() = connection,
            Ok(Err(error)) => self.went(&error.to_string()),
            Err(_) => self.went("no answer in time"),
        }
    }

    /// Whether it answered when it was asked last.
    pub fn is_there(&self) -> bool {
        !self.0.is_away.load(Ordering::Relaxed)
    }

    /// Tells everybody who listens to a channel; false, and nobody, while Redis is away.
    pub async fn publish(&self, channel: &str, message: &str) -> bool {
        let mut connection = self.connection();
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.key(channel)).arg(message);
        let told = self.ask(command.query_async::<()>(&mut connection)).await;
        told.is_some()
    }

    /// The messages on these channels; ends when the connection does. One that falls silent without an end
    /// is noticed by nobody: whoever listens says something now and then, and expects to hear it.
    pub async fn listen(
        &self,
        channels: &[&str],
    ) -> Result<impl Stream<Item = String> + Send + use<>> {
        let channels: Vec<String> = channels.iter().map(|name| self.key(name)).collect();
        let opening = async {
            let mut pubsub = self.0.client.get_async_pubsub().await?;
            pubsub.subscribe(channels).await?;
            RedisResult::Ok(pubsub)
        };
        let opened = timeout(CONNECTING, opening).await.map_err(unavailable)?;
        Ok(opened
            .map_err(unavailable)?
            .into_on_message()
            .map(|message| message.get_payload().unwrap_or_default()))
    }

    /// The full name of a key or channel.
    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.0.prefix)
    }

    fn connection(&self) -> ConnectionManager {
        self.connected().clone()
    }

    /// What Redis answers; none while it is away. That it went, or came back, is logged once.
    async fn ask<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> Option<T> {
        if !self.is_there() {
            return None;
        }
        let error = match timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        self.went(&error);
        None
    }

    /// From now on it is not asked until it is back. Its address is named without user and password.
    fn went(&self, error: &str) {
        if self.0.is_away.swap(true, Ordering::Relaxed) {
            return;
        }
        let address = self.0.client.get_connection_info().addr();
        tracing::warn!(
            %address,
            %error,
            "Redis is away: each process limits by itself until it is back; if it stays away, check redis.url (REDIS_URL)"
        );
        tokio::spawn(self.clone().come_back());
    }

    /// Connects anew until a change is taken: what fell silent, or has become a replica, would stay so on
    /// the old connection, and a replica still tells and reads.
    async fn come_back(self) {
        let connection = loop {
            sleep(REST).await;
            match self.connect().await {
                Ok(connection) => break connection,
                Err(error) => tracing::debug!(%error, "Redis is still away"),
            }
        };
        *self.connected() = connection;
        self.0.is_away.store(false, Ordering::Relaxed);
        tracing::info!("Redis is back: limits are shared again");
    }

    async fn connect(&self) -> RedisResult<ConnectionManager> {
        let client = self.0.client.clone();
        let mut connection = ConnectionManager::new_with_config(client, settings()).await?;
        buckets::try_out(&mut connection, &self.key("trial")).await?;
        Ok(connection)
    }

    fn connected(&self) -> MutexGuard<'_, ConnectionManager> {
        self.0
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn settings() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECTING))
        .set_response_timeout(Some(PATIENCE))
        .set_number_of_retries(0)
}

fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorCode::Unavailable, "Redis does not answer.").caused_by(cause)
}
