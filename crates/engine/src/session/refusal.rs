//! Refused sign-ins in the server's audit log. Anybody can have any number refused, so most are not written down:
//! the first for an e-mail, each longer wait for an e-mail or an address, and of all that no more than so many in
//! an hour.

use chrono::{DateTime, Utc};
use posthaste_core::{ErrorCode, Provenance, Result, ids::UserId, incident::Rule};
use posthaste_store::audit::{self, NewEntry};
use serde_json::json;

use super::{Client, guard::Failures, keyed_hash};
use crate::{
    App,
    incident::{Seen, see_alone},
};

/// After so many from one address it is no person who has forgotten a password: each e-mail waits after five, and the
/// address after twenty.
const MANY: u32 = 30;

/// Most entries in an hour of the clock.
pub(super) const MOST: u32 = 60;

/// Writes a refused sign-in down, if it is one that is. A log that cannot be written makes no difference to who tries.
pub(super) async fn note(
    app: &App,
    email: &str,
    user: Option<UserId>,
    client: &Client,
    failures: Failures,
) {
    if failures.of_address == MANY
        && let Some(address) = client.address
    {
        let seen = Seen {
            workspace: None,
            rule: Rule::CredentialStuffing,
            subject: address.to_canonical().to_string(),
            detail: json!({ "failures": failures.of_address }),
        };
        see_alone(app, seen).await;
    }
    if !failures.is_step() {
        return;
    }
    if let Err(error) = write(app, email, user, client, failures).await {
        tracing::error!(%error, cause = ?error.cause, "a refused sign-in is not in the audit log");
    }
}

async fn write(
    app: &App,
    email: &str,
    user: Option<UserId>,
    client: &Client,
    failures: Failures,
) -> Result<()> {
    let now = app.now();
    let Some(number) = app.guard.entry(hour(now), now).await? else {
        return Ok(());
    };
    // Nobody who reads the log learns which e-mails somebody tried, but the same is seen to be the same.
    let hash = keyed_hash(&app.secret, &format!("sign-in {email}"))?;
    let entry = NewEntry {
        at: now,
        act: "session.refused",
        actor: Provenance::System.credential(),
        subject: user.map(|id| id.to_string()),
        detail: json!({
            "emailHash": posthaste_core::hex::encode(&hash),
            "address": client.address.map(|address| address.to_string()),
            "failures": failures.of_email,
            "failuresOfAddress": failures.of_address,
            "lastOfThisHour": number == MOST,
        }),
    };
    let mut tx = app.db.begin().await?;
    audit::append(&mut tx, None, &[entry]).await?;
    tx.commit().await
}

/// Writes down that somebody was refused whom a provider had recognised. `identity` is the issuer and its name of them.
pub(crate) async fn note_provider(
    app: &App,
    provider: &str,
    identity: (&str, &str),
    user: Option<UserId>,
    client: &Client,
    code: ErrorCode,
) {
    if let Err(error) = write_provider(app, provider, identity, user, client, code).await {
        tracing::error!(%error, cause = ?error.cause, "a refused sign-in is not in the audit log");
    }
}

async fn write_provider(
    app: &App,
    provider: &str,
    (issuer, subject): (&str, &str),
    user: Option<UserId>,
    client: &Client,
    code: ErrorCode,
) -> Result<()> {
    let now = app.now();
    let Some(number) = app.guard.entry(hour(now), now).await? else {
        return Ok(());
    };
    let hash = keyed_hash(&app.secret, &format!("identity {issuer} {subject}"))?;
    let entry = NewEntry {
        at: now,
        act: "session.refused",
        actor: Provenance::System.credential(),
        subject: user.map(|id| id.to_string()),
        detail: json!({
            "provider": provider,
            "code": code,
            "identityHash": posthaste_core::hex::encode(&hash),
            "address": client.address.map(|address| address.to_string()),
            "lastOfThisHour": number == MOST,
        }),
    };
    let mut tx = app.db.begin().await?;
    audit::append(&mut tx, None, &[entry]).await?;
    tx.commit().await
}

/// The hour that an instant is in, counted since 1970.
fn hour(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(3600)
}
