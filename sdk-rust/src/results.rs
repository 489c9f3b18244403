//! The results of a bulk job, read line by line from one long answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use reqwest::{Method, Response, header::HeaderMap};
use tokio::time::timeout;
use url::Url;

use crate::{
    api,
    client::Client,
    error::{Error, Result, TransportError},
    page::Items,
    transport::{self, Request, pause},
    types::BulkResult,
};

impl api::BulkJobsApi {
    /// What became of each line that is done so far, in the order of the file: for all of them faster
    /// than page by page. A lost connection is made again, and nothing comes twice.
    pub fn results_all(&self, id: impl Into<String>) -> Items<BulkResult> {
        let reading = Reading {
            url: self
                .client
                .endpoint(&format!("/bulk/{}/results", id.into())),
            client: self.client.clone(),
            taken: 0,
            lines: None,
            tries: 0,
        };
        stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.next().await?.map(|result| (result, reading)))
        })
        .boxed()
    }
}

struct Reading {
    client: Client,
    url: Url,
    /// How many results were given out.
    taken: usize,
    lines: Option<Lines>,
    tries: u32,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<BulkResult>> {
        loop {
            match self.line().await {
                Ok(None) => return Ok(None),
                Ok(Some(line)) => {
                    (self.taken, self.tries) = (self.taken + 1, 0);
                    let result = serde_json::from_slice(&line);
                    return result.map_err(|error| Error::unexpected(error, None));
                }
                Err(error) => {
                    self.lines = None;
                    let retry = &self.client.parts.retry;
                    pause(retry, &mut self.tries, "bulk results", error).await?;
                }
            }
        }
    }

    async fn line(&mut self) -> Result<Option<Bytes>> {
        let lines = if let Some(lines) = &mut self.lines {
            lines
        } else {
            let opened = self.open().await?;
            self.lines.insert(opened)
        };
        lines.next().await
    }

    /// Asks for all results, and passes over those that were given out.
    async fn open(&self) -> Result<Lines> {
        let request = Request {
            method: Method::GET,
            url: self.url.clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: None,
            what: "bulk results",
        };
        let limit = self.client.parts.timeout;
        let begun = transport::begin(&self.client, &request, self.tries);
        let (response, request_id) = timeout(limit, begun).await.map_err(late)??;
        if !response.status().is_success() {
            return Err(transport::receive(response, request_id).await?.refusal());
        }
        let mut lines = Lines {
            response,
            request_id,
            read: BytesMut::new(),
            limit,
        };
        for _ in 0..self.taken {
            lines.next().await?;
        }
        Ok(lines)
    }
}

/// The lines of an answer.
struct Lines {
    response: Response,
    request_id: String,
    read: BytesMut,
    /// How long the next piece may take.
    limit: Duration,
}

impl Lines {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.read.split_to(end + 1).freeze()));
            }
            let piece = timeout(self.limit, self.response.chunk()).await;
            let broken = |error| Error::Transport(TransportError::http(error, &self.request_id));
            match piece.map_err(late)?.map_err(broken)? {
                Some(piece) => self.read.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }
}

fn late<E>(_: E) -> Error {
    Error::Transport(TransportError::late())
}
