//! Calls to the Graph API.

use chrono::{DateTime, Utc};
use posthaste_core::{
    Network,
    connector::{Ctx, Failure, FailureClass, Outcome},
    ports::{Method, Request, Response},
    secret::Secret,
};
use serde_json::Value;

use super::{GRAPH, VERSION, error::GraphError};
use crate::wire::{no_answer, unanswered};

/// Items asked for on one page of a list.
const PAGE: usize = 100;

/// The Graph API with an access token.
pub struct Graph<'a> {
    ctx: &'a Ctx,
    network: Network,
    token: &'a Secret,
}

/// The items of a list, newest first.
pub struct Listing {
    /// The items.
    pub items: Vec<Value>,
    /// Nothing that was wanted is missing.
    pub complete: bool,
}

impl<'a> Graph<'a> {
    /// The Graph with `token`, for `network`.
    pub fn new(ctx: &'a Ctx, network: Network, token: &'a Secret) -> Self {
        Self {
            ctx,
            network,
            token,
        }
    }

    /// A read of `path` (with its leading slash).
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::Get, GRAPH, path)
    }

    /// A write to `path`.
    pub fn post(&self, path: &str) -> Request {
        self.request(Method::Post, GRAPH, path)
    }

    /// A deletion of `path`.
    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::Delete, GRAPH, path)
    }

    /// A request to a host of the Graph.
    pub fn request(&self, method: Method, host: &str, path: &str) -> Request {
        let url = self.ctx.hosts.url(host, &format!("/{VERSION}{path}"));
        Request::new(method, url).bearer(self.token)
    }

    /// Sends a call that may be repeated; the answer is JSON.
    pub async fn call(&self, request: Request) -> Result<Value, Failure> {
        let response = self.ctx.http.send(request).await;
        let response = response.map_err(|error| no_answer(self.network, &error))?;
        if !response.is_success() {
            return Err(self.error(&response).into_failure());
        }
        let body = response.json();
        if body.is_null() {
            let message = format!("{} sent an answer that cannot be read.", self.network);
            return Err(Failure {
                status: Some(response.status),
                ..Failure::new(FailureClass::Retry, message)
            });
        }
        Ok(body)
    }

    /// Sends the one visible call; the answer is JSON, anything else its outcome.
    pub async fn publish(&self, request: Request) -> Result<Value, Outcome> {
        let response = self.ctx.http.send(request.once()).await;
        let response = response.map_err(|error| unanswered(self.network, &error))?;
        if response.is_success() {
            Ok(response.json())
        } else {
            Err(self.error(&response).into_outcome())
        }
    }

    /// The id that a call answered with.
    pub async fn created(&self, request: Request) -> Result<String, Failure> {
        let body = self.call(request).await?;
        let id = body["id"].as_str().filter(|id| !id.is_empty());
        id.map(str::to_owned).ok_or_else(|| {
            let message = format!("{} answered without an id.", self.network);
            Failure::new(FailureClass::Retry, message)
        })
    }

    /// Reads a list by its cursors, at most `pages` of them, until `enough` says that the items of
    /// a page reach back far enough.
    pub async fn list(
        &self,
        request: Request,
        pages: usize,
        enough: impl Fn(&[Value]) -> bool,
    ) -> Result<Listing, Failure> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        let request = request.query("limit", PAGE.to_string());
        for _ in 0..pages {
            let mut request = request.clone();
            if let Some(after) = &after {
                request = request.query("after", after);
            }
            let mut body = self.call(request).await?;
            let page = match body["data"].take() {
                Value::Array(page) => page,
                _ => Vec::new(),
            };
            let done = enough(&page);
            items.extend(page);
            let paging = &body["paging"];
            let next = paging["cursors"]["after"].as_str();
            let next = next.filter(|_| paging["next"].is_string());
            match next {
                Some(cursor) if !done => after = Some(cursor.to_owned()),
                _ => {
                    return Ok(Listing {
                        items,
                        complete: true,
                    });
                }
            }
        }
        Ok(Listing {
            items,
            complete: false,
        })
    }

    fn error(&self, response: &Response) -> GraphError {
        let now = self.ctx.clock.now();
        GraphError::read(
            self.network,
            response,
            now,
            &[self.token, &self.ctx.app.secret],
        )
    }
}

/// A time as the Graph writes it: `2026-11-22T20:15:00+0000`.
pub fn time(value: &Value) -> Option<DateTime<Utc>> {
    let text = value.as_str()?;
    let time = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z")
        .or_else(|_| DateTime::parse_from_rfc3339(text));
    Some(time.ok()?.to_utc())
}
