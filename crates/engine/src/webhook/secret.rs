use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, Result, secret::Secret};
use posthaste_store::webhook::Endpoint;
use standardwebhooks::Webhook;

use crate::{
    App,
    idempotency::{self, Once},
    vault::place,
};

/// A new secret: 256 bits, as Standard Webhooks writes them.
pub(super) fn new(app: &App, once: Option<&Once>) -> Result<Secret> {
    let seed = idempotency::seed(app, once)?;
    Ok(Secret::new(format!(
        "whsec_{}",
        BASE64_STANDARD.encode(seed)
    )))
}

/// Whether an endpoint signs with a secret.
pub(super) async fn is_live(app: &App, row: &Endpoint, secret: &Secret) -> Result<bool> {
    for sealed in [Some(&row.secret), row.previous_secret.as_ref()] {
        if let Some(sealed) = sealed
            && open(app, row, sealed).await?.expose() == secret.expose()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Seals a secret for an endpoint's row.
pub(super) async fn seal(app: &App, row: &Endpoint, secret: &Secret) -> Result<Vec<u8>> {
    let place = place::webhook_secret(row.workspace_id, row.id);
    app.cipher.seal(secret.expose().as_bytes(), &place).await
}

async fn open(app: &App, row: &Endpoint, sealed: &[u8]) -> Result<Secret> {
    let place = place::webhook_secret(row.workspace_id, row.id);
    let plain = app.cipher.open(sealed, &place).await?;
    String::from_utf8(plain)
        .map(Secret::new)
        .map_err(Error::internal)
}

/// The value of `webhook-signature`: one signature for each live secret, the newest first.
pub(super) async fn sign(
    app: &App,
    endpoint: &Endpoint,
    message_id: &str,
    at: DateTime<Utc>,
    body: &str,
) -> Result<String> {
    let previous = endpoint
        .previous_secret
        .as_ref()
        .filter(|_| endpoint.previous_until > Some(at));
    let mut signatures = Vec::with_capacity(2);
    for sealed in [Some(&endpoint.secret), previous].into_iter().flatten() {
        let secret = open(app, endpoint, sealed).await?;
        let signer = Webhook::new(secret.expose()).map_err(|_| Error::internal("a bad secret"))?;
        let signature = signer
            .sign(message_id, at.timestamp(), body.as_bytes())
            .map_err(|error| Error::internal(error.to_string()))?;
        signatures.push(signature);
    }
    Ok(signatures.join(" "))
}
