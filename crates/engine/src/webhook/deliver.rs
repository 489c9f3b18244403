use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{NodeId, WebhookEndpointId},
    outgoing::Reach,
    ports::{Body, Request, Response, TransportError},
    webhook::PROBE_EVERY,
};
use posthaste_store::{
    event,
    webhook::{
        Attempt, Delivery, Endpoint,
        work::{self, Claim},
    },
};

use super::{
    fan_out::fan_out,
    payload, secret,
    settle::{self, Fault, Outcome},
};
use crate::{App, session};

/// How long an endpoint may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long making the payload may take.
const RENDERING: Duration = Duration::from_secs(10);

/// How long a worker may take for a try before it is taken for lost; longer than all its time limits.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(60);

/// How much of an answer is read, and how much of it is kept, in bytes.
const READ: usize = 64 * 1024;
const KEPT: usize = 2 * 1024;

/// A delivery to try, with its endpoint as it was when it was taken.
pub(super) struct Work {
    pub endpoint: Arc<Endpoint>,
    pub delivery: Delivery,
}

/// Delivers what is due until nothing is, and returns how many tries were made: a worker's loop
/// without its waiting, for tests and for commands that end.
pub async fn deliver_due(app: &App, worker: NodeId) -> Result<usize> {
    let mut tries = 0;
    loop {
        while fan_out(app).await? > 0 {}
        let taken = claim(app, worker, 100).await?;
        if taken.is_empty() {
            return Ok(tries);
        }
        tries += taken.len();
        let outcomes = join_all(taken.into_iter().map(|work| deliver(app, worker, work))).await;
        outcomes.into_iter().collect::<Result<()>>()?;
    }
}

/// Takes up to `limit` due deliveries.
pub(super) async fn claim(app: &App, worker: NodeId, limit: i64) -> Result<Vec<Work>> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    let due = work::lock_due(&mut tx, now, limit).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<WebhookEndpointId> = due.iter().map(|endpoint| endpoint.id).collect();
    let claims = work::take(&mut tx, worker, &ids, limit, now, now + LEASE).await?;
    for claim in &claims {
        if let Some(lost_at) = claim.lost_at {
            let lost = lost_attempt(claim, lost_at);
            work::add_attempts(&mut tx, claim.delivery.workspace_id, &[lost]).await?;
        }
    }
    let probe_at = now + app.random.around(PROBE_EVERY);
    work::refresh(&mut tx, &ids, now, Some(probe_at)).await?;
    tx.commit().await?;
    let endpoints: HashMap<_, _> = due
        .into_iter()
        .map(|endpoint| (endpoint.id, Arc::new(endpoint)))
        .collect();
    Ok(claims
        .into_iter()
        .map(|claim| Work {
            endpoint: endpoints[&claim.delivery.endpoint_id].clone(),
            delivery: claim.delivery,
        })
        .collect())
}

fn lost_attempt(claim: &Claim, lost_at: DateTime<Utc>) -> Attempt {
    let message = "The worker was lost before it wrote the outcome down; this may have arrived.";
    Attempt {
        delivery_id: claim.delivery.id,
        n: claim.delivery.token - 1,
        started_at: lost_at - LEASE,
        duration_ms: None,
        http_status: None,
        answer: None,
        error: Some(message.to_owned()),
    }
}

/// One try: makes the payload if there is none yet, sends it and writes the outcome down.
pub(super) async fn deliver(app: &App, worker: NodeId, work: Work) -> Result<()> {
    let Work { endpoint, delivery } = work;
    let outcome = match prepare(app, worker, &endpoint, &delivery).await {
        Ok(Ready::Body(body)) => send(app, &endpoint, &delivery, &body).await,
        Ok(Ready::NotOurs) => return Ok(()),
        Ok(Ready::NoAuthor) => {
            return settle::without_author(app, worker, &endpoint, &delivery).await;
        }
        Err(error) => unsent(app, &delivery, &error),
    };
    settle::settle(app, worker, &delivery, outcome).await
}

fn unsent(app: &App, delivery: &Delivery, error: &Error) -> Outcome {
    if error.code == ErrorCode::Internal {
        tracing::error!(delivery = %delivery.id, cause = ?error.cause, "a webhook cannot be made");
    }
    Outcome::unsent(app.now(), error)
}

enum Ready {
    Body(String),
    /// Another worker has it.
    NotOurs,
    /// Nobody's rights are left to read with.
    NoAuthor,
}

async fn prepare(
    app: &App,
    worker: NodeId,
    endpoint: &Endpoint,
    delivery: &Delivery,
) -> Result<Ready> {
    if let Some(body) = &delivery.payload {
        return Ok(Ready::Body(body.clone()));
    }
    let author = session::present(app, endpoint.workspace_id, &endpoint.author.0).await?;
    // Events of all connections are sent: who may read some alone is no author any more.
    let Some(author) = author.filter(|author| author.reach.is_whole()) else {
        return Ok(Ready::NoAuthor);
    };
    let event = match delivery.event_seq {
        Some(seq) => event::at(&mut *app.db.get().await?, endpoint.workspace_id, seq).await?,
        None => None,
    };
    let event = event.ok_or_else(|| Error::internal("an event is gone from the log"))?;
    let rendering = app
        .payloads
        .render(app, &author, endpoint.document.as_deref(), &event);
    let data = tokio::time::timeout(RENDERING, rendering)
        .await
        .map_err(|_| {
            // The document may be heavy, or the database slow at the moment.
            let message = "The payload document takes longer than ten seconds.";
            Error::new(ErrorCode::Unavailable, message)
        })??;
    let body = payload::body(&delivery.kind, event.at, delivery.sequence, data)?;
    let mut conn = app.db.get().await?;
    if work::save_payload(&mut conn, delivery, worker, &body).await? {
        Ok(Ready::Body(body))
    } else {
        Ok(Ready::NotOurs)
    }
}

/// The one request of a try.
pub(super) async fn send(
    app: &App,
    endpoint: &Endpoint,
    delivery: &Delivery,
    body: &str,
) -> Outcome {
    let started_at = app.now();
    let id = delivery.id.to_string();
    let signature = match secret::sign(app, endpoint, &id, started_at, body).await {
        Ok(signature) => signature,
        Err(error) => return unsent(app, delivery, &error),
    };
    let mut request = Request::post(&endpoint.url)
        .header("webhook-id", id)
        .header("webhook-timestamp", started_at.timestamp().to_string())
        .header("webhook-signature", signature);
    request.body = Body::RawJson(body.to_owned().into());
    request.timeout = TIMEOUT;
    request.reach = if app.webhooks.allow_private {
        Reach::Anywhere
    } else {
        Reach::Public
    };
    request.excerpt = Some(READ);
    let clock = Instant::now();
    let answer = app.http.send(request).await;
    let duration_ms = i32::try_from(clock.elapsed().as_millis()).unwrap_or(i32::MAX);
    outcome(started_at, duration_ms, answer)
}

fn outcome(
    started_at: DateTime<Utc>,
    duration_ms: i32,
    answer: Result<Response, TransportError>,
) -> Outcome {
    match answer {
        Ok(response) => Outcome {
            started_at,
            duration_ms,
            http_status: Some(response.status),
            error: refusal(&response),
            retry_after: asked_wait(&response, started_at),
            answer: Some(excerpt(&response.body)),
            fault: Fault::Receiver,
        },
        Err(error) => Outcome {
            duration_ms,
            ..Outcome::unanswered(started_at, error.to_string())
        },
    }
}

/// How long a receiver that is overloaded or away asks to wait.
fn asked_wait(response: &Response, now: DateTime<Utc>) -> Option<TimeDelta> {
    matches!(response.status, 429 | 503)
        .then(|| response.retry_after(now))
        .flatten()
}

/// Why an answer is no success, if it is none.
fn refusal(response: &Response) -> Option<String> {
    match response.status {
        200..300 => None,
        300..400 => Some(format!(
            "The endpoint answered {}; redirects are not followed.",
            response.status
        )),
        410 => Some("The endpoint answered 410: it wants no more webhooks.".to_owned()),
        status => Some(format!("The endpoint answered {status}.")),
    }
}

/// The beginning of an answer as text, without the one character that PostgreSQL cannot keep.
fn excerpt(body: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&body[..body.len().min(KEPT)]).replace('\0', "");
    while text.len() > KEPT {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_text_of_at_most_two_kilobytes() {
        assert_eq!(excerpt(b"ok\0"), "ok");
        let long = "é".repeat(KEPT);
        assert_eq!(excerpt(long.as_bytes()).len(), KEPT);
        // Each broken byte becomes a character of three.
        assert!(excerpt(&[0xff; 4000]).len() <= KEPT);
    }

    #[test]
    fn only_two_hundreds_are_successes() {
        let answer = |status| Response {
            status,
            headers: Vec::new(),
            body: bytes::Bytes::new(),
        };
        for status in [200, 202, 204, 299] {
            assert_eq!(refusal(&answer(status)), None);
        }
        for status in [199, 301, 307, 400, 410, 429, 500, 503] {
            assert!(refusal(&answer(status)).is_some(), "{status}");
        }
    }
}
