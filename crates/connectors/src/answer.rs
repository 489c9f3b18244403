//! Sends a request and judges the answer, for networks that answer refusals with an HTTP status.

use chrono::{DateTime, Utc};
use posthaste_core::{
    Network,
    connector::{Ctx, Failure, FailureClass, Outcome},
    ports::{Body, Request, Response},
    secret::Secret,
};
use serde::de::DeserializeOwned;

use crate::wire;

/// Turns a network's refusal into a failure; the time is for limits given in seconds from now.
pub type Classify = fn(&Response, DateTime<Utc>) -> Failure;

/// Sends a request that may be repeated; whatever is no success becomes a failure.
pub async fn call(
    ctx: &Ctx,
    network: Network,
    request: Request,
    classify: Classify,
) -> Result<Response, Failure> {
    let secrets = secrets_of(&request);
    let response = ctx
        .http
        .send(request)
        .await
        .map_err(|error| wire::no_answer(network, &error))?;
    if response.is_success() {
        return Ok(response);
    }
    Err(discreet(classify(&response, ctx.clock.now()), &secrets))
}

/// Sends the one visible request; `judge` reads the answer, its absence is judged here.
pub async fn send_once(
    ctx: &Ctx,
    network: Network,
    request: Request,
    judge: impl FnOnce(&Response) -> Outcome + Send,
) -> Outcome {
    let secrets = secrets_of(&request);
    match ctx.http.send(request.once()).await {
        Ok(response) => match judge(&response) {
            Outcome::Failed(failure) => Outcome::Failed(discreet(failure, &secrets)),
            outcome => outcome,
        },
        Err(error) => wire::unanswered(network, &error),
    }
}

/// The body of a success; one that cannot be read may be asked for again.
pub fn read<T: DeserializeOwned>(network: Network, response: &Response) -> Result<T, Failure> {
    serde_json::from_slice(&response.body).map_err(|error| Failure {
        status: Some(response.status),
        ..Failure::new(
            FailureClass::Retry,
            format!("The answer of {network} cannot be read: {error}."),
        )
    })
}

/// Form fields whose values must not come back in a message.
const SECRET_FIELDS: [&str; 4] = ["code", "code_verifier", "refresh_token", "token"];

/// The tokens in a request.
fn secrets_of(request: &Request) -> Vec<Secret> {
    let bearer = request
        .headers
        .iter()
        .filter(|(name, _)| name == "authorization")
        .filter_map(|(_, value)| value.split_once(' ').map(|(_, token)| token));
    let fields = match &request.body {
        Body::Form(fields) => fields.as_slice(),
        _ => &[],
    };
    let fields = fields
        .iter()
        .filter(|(name, _)| SECRET_FIELDS.contains(&name.as_str()))
        .map(|(_, value)| value.as_str());
    bearer.chain(fields).map(Secret::new).collect()
}

fn discreet(failure: Failure, secrets: &[Secret]) -> Failure {
    let secrets: Vec<_> = secrets.iter().collect();
    Failure {
        message: wire::redact(&failure.message, &secrets),
        ..failure
    }
}
