//! Signing in by providers (OpenID Connect): who somebody is there, and whom that makes them here.
//!
//! A sign-in goes in steps, each found by a keyed hash of what brings it, and each taken once (`posthaste_store::provider_step`):
//! [`begin`] sends the browser to the provider, [`finish`] looks at what it comes back with and hands out a code, and the page or
//! program that began it turns the code into a session, a linked identity or a fresh proof ([`redeem`]).

pub mod begin;
mod discover;
pub mod finish;
mod newcomer;
mod provider;
pub mod redeem;
mod return_to;
mod said;
mod step;
mod verify;

use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    ids::{IdentityId, UserId},
};
use posthaste_store::{
    Tx,
    audit::{self, NewEntry},
    identity::{self as rows, Identity},
};
use serde_json::json;

use crate::{Actor, App};

pub use newcomer::Newcomer;
pub(crate) use newcomer::write;
pub use provider::{Provider, Providers, Settings};

/// The identities of the person who asks, the first linked first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Identity>> {
    let (user, _) = actor.signed_in()?;
    rows::of(&mut *app.everywhere().db.get().await?, user).await
}

/// Unlinks an identity of the person who asks, which takes a fresh proof. `LAST_SIGN_IN` where nothing else would be left to
/// sign in with: neither a password nor an identity at a provider that this server knows.
pub async fn unlink(app: &App, actor: &Actor, id: IdentityId) -> Result<IdentityId> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    actor.require_fresh(app.now())?;
    let mut tx = app.db.begin().await?;
    let has_password = rows::lock_ways(&mut tx, user).await?.unwrap_or_default();
    let all = rows::of(&mut tx, user).await?;
    let missing = || Error::not_found("identity").at(["id"]);
    let row = all.iter().find(|row| row.id == id).ok_or_else(missing)?;
    let others = all.iter().filter(|other| other.id != id);
    let is_usable = |other: &Identity| app.providers.by_issuer(&other.issuer).is_some();
    if !has_password && !others.into_iter().any(is_usable) {
        let code = ErrorCode::LastSignIn;
        return Err(Error::new(code, code.title()).at(["id"]));
    }
    rows::remove(&mut tx, user, id).await?;
    note(app, &mut tx, "person.identity_unlinked", user, row).await?;
    tx.commit().await?;
    Ok(id)
}

/// Writes into the server's audit log what became of a person's identity.
async fn note(
    app: &App,
    tx: &mut Tx,
    act: &'static str,
    user: UserId,
    row: &Identity,
) -> Result<()> {
    let entry = NewEntry {
        at: app.now(),
        act,
        actor: Provenance::Person { user }.credential(),
        subject: Some(user.to_string()),
        detail: json!({
            "identityId": row.id, "provider": row.provider, "issuer": row.issuer, "subject": row.subject, "email": row.email,
        }),
    };
    audit::append(tx, None, &[entry]).await
}
