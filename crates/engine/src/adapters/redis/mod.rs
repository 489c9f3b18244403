//! Redis: what processes share that may be lost at any time. Nothing here is the truth: without Redis,
//! and while it is away, each process goes on by itself.

mod buckets;
mod tally;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt};
use posthaste_core::{Error, ErrorCode, Result};
use redis::{
    Client, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::time::timeout;

pub use buckets::RedisBuckets;
pub use tally::RedisTally;

/// How long an answer may take. Requests wait for it, so a slow Redis counts as one that is away.
const PATIENCE: Duration = Duration::from_millis(300);

/// How long it is left alone after it did not answer.
const REST: Duration = Duration::from_secs(1);

/// A Redis server, connected to when it is needed, and again after it was away. Cheap to clone.
#[derive(Clone)]
pub struct Redis(Arc<Parts>);

struct Parts {
    client: Client,
    connection: ConnectionManager,
    prefix: String,
    /// While it is away: until when it is left alone.
    away: Mutex<Option<Instant>>,
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
        let settings = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(0);
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), settings)
            .map_err(Error::internal)?;
        Ok(Self(Arc::new(Parts {
            client,
            connection,
            prefix: prefix.to_owned(),
            away: Mutex::default(),
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

    /// Whether it answered when it was asked last.
    pub fn is_there(&self) -> bool {
        self.away().is_none()
    }

    /// Tells everybody who listens to a channel; nobody while Redis is away.
    pub async fn publish(&self, channel: &str, message: &str) {
        let mut connection = self.connection();
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.key(channel)).arg(message);
        self.ask(command.query_async::<()>(&mut connection)).await;
    }

    /// The messages on a channel; ends when the connection does.
    pub async fn listen(&self, channel: &str) -> Result<impl Stream<Item = String> + Send + use<>> {
        let opening = async {
            let mut pubsub = self.0.client.get_async_pubsub().await?;
            pubsub.subscribe(self.key(channel)).await?;
            RedisResult::Ok(pubsub)
        };
        let opened = timeout(PATIENCE, opening).await.map_err(unavailable)?;
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
        self.0.connection.clone()
    }

    /// What Redis answers; none while it is away. That it went, or came back, is logged once.
    async fn ask<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> Option<T> {
        if self.away().is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let answer = match timeout(PATIENCE, answer).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        let mut away = self.away();
        match answer {
            Ok(answer) => {
                if away.take().is_some() {
                    tracing::info!("Redis is back: limits are shared again");
                }
                Some(answer)
            }
            Err(error) => {
                if away.replace(Instant::now() + REST).is_none() {
                    tracing::warn!(%error, "Redis is away: each process limits by itself until it is back");
                }
                None
            }
        }
    }

    fn away(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorCode::Unavailable, "Redis does not answer.").caused_by(cause)
}
