//! Subscriptions as streams that survive a dropped connection.

mod socket;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    call::{Call, Operation, pick},
    client::Client,
    error::{Error, Result, TransportError},
    page::Items,
    types::EventHead,
    wire::Answer,
};
use socket::{Event, Socket};

/// How often in a row a connection may fail to bring anything before the stream ends.
const FAILURES: u32 = 10;

/// A subscription to begin.
pub(crate) struct Follow<T> {
    pub client: Client,
    pub operation: Operation,
    pub variables: serde_json::Result<Value>,
    /// How it goes on after a lost connection.
    pub resume: Resume<T>,
    /// Asks for the place where "from now on" begins, so that nothing is missed before the first
    /// result came.
    pub head: Option<Call<EventHead>>,
}

/// How a subscription goes on after a lost connection.
pub(crate) enum Resume<T> {
    /// Not at all: nobody knows where.
    Never,
    /// From its beginning, which tells the present.
    Anew,
    /// After the last result that has a place in the log.
    After(fn(&T) -> Option<&str>),
}

impl<T: DeserializeOwned + Send + 'static> Follow<T> {
    /// The results. After an error that another try would not help, the stream ends.
    pub fn start(self) -> Items<T> {
        let begin = stream::once(async move {
            let state = State::begin(self).await?;
            Ok(stream::unfold(Some(state), |state| async move {
                let mut state = state?;
                match state.next().await {
                    Some(Ok(item)) => Some((Ok(item), Some(state))),
                    Some(Err(error)) => Some((Err(error), None)),
                    None => None,
                }
            }))
        });
        begin
            .flat_map(|begun| match begun {
                Ok(items) => items.boxed(),
                Err(error) => stream::iter([Err(error)]).boxed(),
            })
            .boxed()
    }
}

struct State<T> {
    client: Client,
    operation: Operation,
    variables: Value,
    resume: Resume<T>,
    socket: Option<Socket>,
    failures: u32,
}

impl<T: DeserializeOwned> State<T> {
    async fn begin(follow: Follow<T>) -> Result<Self> {
        let mut variables = follow
            .variables
            .map_err(|error| Error::Setup(format!("the variables are no JSON: {error}")))?;
        if let Some(head) = follow.head
            && variables["after"].is_null()
        {
            variables["after"] = head.response().await?.data.events_cursor.into();
        }
        Ok(Self {
            client: follow.client,
            operation: follow.operation,
            variables,
            resume: follow.resume,
            socket: None,
            failures: 0,
        })
    }

    /// The next result; none when the server says that there will be no more.
    async fn next(&mut self) -> Option<Result<T>> {
        loop {
            let event = match &mut self.socket {
                Some(socket) => socket.next().await,
                None => match self.open().await {
                    Ok(socket) => {
                        self.socket = Some(socket);
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            match event {
                Ok(Event::Next(answer)) => {
                    self.failures = 0;
                    return Some(self.read(answer));
                }
                Ok(Event::Complete) => return None,
                Err(error) => {
                    self.socket = None;
                    if let Err(error) = self.rest(error).await {
                        return Some(Err(error));
                    }
                }
            }
        }
    }

    async fn open(&self) -> Result<Socket> {
        let payload = json!({
            "query": self.operation.document,
            "operationName": self.operation.name,
            "variables": self.variables,
        });
        Socket::open(&self.client, payload).await
    }

    fn read(&mut self, mut answer: Answer) -> Result<T> {
        if !answer.errors.is_empty() {
            return Err(answer.errors.remove(0).into_error(None, None));
        }
        let data = answer.data.unwrap_or_default();
        let item: T = serde_json::from_value(pick(data, self.operation.field))
            .map_err(|error| Error::unexpected(error, None))?;
        if let Resume::After(cursor) = self.resume
            && let Some(cursor) = cursor(&item)
        {
            self.variables["after"] = cursor.into();
        }
        Ok(item)
    }

    /// Waits before the next connection; gives the error back when there will be none.
    async fn rest(&mut self, error: Error) -> Result<()> {
        let resumable = !matches!(self.resume, Resume::Never);
        let temporary = match &error {
            Error::Transport(_) => true,
            Error::Api(error) => error.retryable,
            _ => false,
        };
        if !resumable || !temporary || self.failures >= FAILURES {
            return Err(error);
        }
        let retry = &self.client.parts.retry;
        let wait = error.retry_after().unwrap_or(Duration::ZERO) + retry.jitter(self.failures);
        self.failures += 1;
        tracing::debug!(%error, ?wait, failures = self.failures, "the subscription goes on after a pause");
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// A connection that ended without the server saying that it is complete.
fn dropped(reason: impl Into<String>) -> Error {
    Error::Transport(TransportError::new(reason))
}
