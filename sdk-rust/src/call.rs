//! One operation on its way: settings of this call, then `.await`.

use std::{borrow::Cow, future::IntoFuture, marker::PhantomData, time::Duration};

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    client::Client,
    error::{Error, MutationError, Refused, Result},
    limit::{Cost, RateLimit},
    retry::Retry,
    transport,
};

/// A GraphQL operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    /// Its name in the document.
    pub name: Option<&'static str>,
    /// What it does.
    pub kind: Kind,
    /// The one root field, when the answer is its value.
    pub field: Option<&'static str>,
    /// The document.
    pub document: Cow<'static, str>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Query,
    Mutation,
    Subscription,
}

impl Kind {
    /// By the first operation of a document.
    pub fn of(document: &str) -> Self {
        let lines = document.lines().map(str::trim_start);
        for line in lines {
            let word = line.split(|c: char| !c.is_ascii_alphabetic()).next();
            match word {
                Some("mutation") => return Self::Mutation,
                Some("subscription") => return Self::Subscription,
                Some("query") => return Self::Query,
                _ if line.starts_with('{') => return Self::Query,
                _ => {}
            }
        }
        Self::Query
    }
}

/// An operation that is sent when it is awaited.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Debug)]
pub struct Call<T> {
    pub(crate) client: Client,
    pub(crate) operation: Operation,
    pub(crate) variables: serde_json::Result<Value>,
    pub(crate) key: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) retry: Retry,
    answer: PhantomData<fn() -> T>,
}

impl<T> Call<T> {
    pub(crate) fn new(
        client: Client,
        operation: Operation,
        variables: serde_json::Result<Value>,
    ) -> Self {
        let key = (operation.kind == Kind::Mutation).then(|| Uuid::new_v4().to_string());
        Self {
            timeout: client.parts.timeout,
            retry: client.parts.retry,
            client,
            operation,
            variables,
            key,
            answer: PhantomData,
        }
    }

    /// The key under which the server remembers this mutation, instead of a random one: a repeat with
    /// the same key, also by another process, answers what the first one answered.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How long one try of this call may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How this call is repeated.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

impl<T: DeserializeOwned> Call<T> {
    /// Sends it; the answer comes with what else the server said.
    pub async fn response(self) -> Result<Response<T>> {
        let (field, kind) = (self.operation.field, self.operation.kind);
        let answer = transport::graphql(self).await?;
        let data = answer.data.map(|data| pick(data, field));
        let data = data
            .ok_or_else(|| Error::unexpected("there is no data", answer.request_id.as_deref()))?;
        let id = answer.request_id.as_deref();
        if kind == Kind::Mutation && field.is_some() {
            refuse(&data, id)?;
        }
        Ok(Response {
            data: serde_json::from_value(data).map_err(|error| Error::unexpected(error, id))?,
            request_id: answer.request_id,
            cost: answer.cost,
            rate_limit: answer.rate_limit,
            replayed: answer.replayed,
            retries: answer.retries,
        })
    }
}

/// An operation's one root field, or all data of a free document.
pub(crate) fn pick(mut data: serde_json::Map<String, Value>, field: Option<&str>) -> Value {
    match field {
        Some(field) => data.remove(field).unwrap_or_default(),
        None => Value::Object(data),
    }
}

/// Turns the errors of a mutation's payload into an error.
fn refuse(payload: &Value, request_id: Option<&str>) -> Result<()> {
    let Some(Value::Array(errors)) = payload.get("errors") else {
        return Ok(());
    };
    if errors.is_empty() {
        return Ok(());
    }
    let errors: Vec<MutationError> = errors
        .iter()
        .map(|error| serde_json::from_value(error.clone()))
        .collect::<serde_json::Result<_>>()
        .map_err(|error| Error::unexpected(error, request_id))?;
    Err(Error::Refused(Refused {
        errors,
        request_id: request_id.map(str::to_owned),
    }))
}

impl<T: DeserializeOwned + 'static> IntoFuture for Call<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.response().await?.data) })
    }
}

/// An answer and what else the server said.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Response<T> {
    /// The answer.
    pub data: T,
    /// The request's id, for whoever runs the server.
    pub request_id: Option<String>,
    /// What it cost.
    pub cost: Option<Cost>,
    /// How much may still be asked.
    pub rate_limit: Option<RateLimit>,
    /// Whether this is the stored answer of an earlier request with the same idempotency key.
    pub replayed: bool,
    /// How often it was sent again.
    pub retries: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_read_from_the_document() {
        for (document, kind) in [
            ("{ viewer { role } }", Kind::Query),
            ("query Q { viewer { role } }", Kind::Query),
            ("# about\n\n  mutation($a: ID!) { a }", Kind::Mutation),
            ("subscription{ events { id } }", Kind::Subscription),
            ("fragment A on Post { id }\nmutation { a }", Kind::Mutation),
        ] {
            assert_eq!(Kind::of(document), kind, "{document}");
        }
    }
}
