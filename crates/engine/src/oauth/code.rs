use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use posthaste_core::{
    Provenance, Result,
    event::EventType,
    ids::{OauthGrantId, WorkspaceId},
    secret::Secret,
};
use posthaste_store::{
    Tx, event,
    oauth::{self as rows, Code, OauthApp, OauthGrant},
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    ABSOLUTE, IDLE, Tokens,
    grant::{self, Why},
    refusal::{Failure, Reason, Refusal},
};
use crate::{
    App, idempotency,
    session::{self, keyed_hash},
};

/// The shortest and longest proof (RFC 7636, 4.1).
const PROOF: std::ops::RangeInclusive<usize> = 43..=128;

/// Gives an app tokens for a code. The code must be the app's and its redirect address, if it is named, the one that the code was
/// sent to; `verifier` is what the challenge was made of. A code that comes again ends what it gave.
pub async fn exchange(
    app: &App,
    client: &OauthApp,
    code: &Secret,
    redirect_uri: Option<&str>,
    verifier: &Secret,
) -> Result<Tokens, Failure> {
    let app = &app.everywhere();
    let hash = keyed_hash(&app.secret, code.expose())?;
    let mut tx = app.db.begin().await?;
    let found = rows::take_code(&mut tx, &hash).await?;
    let found = found.filter(|code| code.app_id == client.id);
    let code = found.ok_or_else(refused)?;
    if let Some(given) = code.grant_id {
        grant::end(app, tx, given.into(), Why::CodeReused).await?;
        return Err(refused().into());
    }
    let is_there = redirect_uri.is_none_or(|address| address == code.redirect_uri);
    if code.expires_at <= app.now() || !is_there || !proves(&code.challenge, verifier.expose()) {
        return Err(refused().into());
    }
    let row = made(app, &code)?;
    begin(app, &mut tx, &row, client).await?;
    rows::mark_used(&mut tx, &hash, row.id).await?;
    tx.commit().await?;
    app.hints.events();
    Ok(Tokens::new(app, &row)?)
}

fn refused() -> Refusal {
    let description = "The code is wrong, used, too old, another app's, or was sent to another address; or code_verifier does not fit.";
    Refusal::new(Reason::InvalidGrant, description)
}

/// Whether a challenge was made of this.
fn proves(challenge: &str, verifier: &str) -> bool {
    let made = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    PROOF.contains(&verifier.len()) && bool::from(made.as_bytes().ct_eq(challenge.as_bytes()))
}

fn made(app: &App, code: &Code) -> Result<OauthGrant> {
    let now = app.now();
    Ok(OauthGrant {
        id: OauthGrantId::new(&*app.clock, &*app.random),
        workspace_id: code.workspace_id,
        app_id: code.app_id,
        user_id: code.user_id,
        permissions: code.permissions,
        connection_ids: code.connection_ids.clone(),
        created_at: now,
        expires_at: now + IDLE.min(ABSOLUTE),
        salt: idempotency::seed(app, None)?.to_vec(),
        generation: 1,
        refreshed_at: now,
        before_at: None,
        last_used_at: None,
    })
}

/// Writes a grant down, if the person still belongs to the workspace.
async fn begin(app: &App, tx: &mut Tx, row: &OauthGrant, client: &OauthApp) -> Result<(), Failure> {
    let workspace: WorkspaceId = row.workspace_id;
    let by = Provenance::Person { user: row.user_id };
    let actor = session::present_in(app, tx, workspace, &by).await?;
    let actor = actor.ok_or_else(refused)?;
    rows::insert_grant(tx, row).await?;
    let event = app.event(
        &actor,
        EventType::OauthGrantCreated,
        grant::told(row, &client.name, None),
    );
    event::append(tx, workspace, &[event]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_challenge_was_made_of_proves_it() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(proves(challenge, verifier));
        assert!(!proves(challenge, &verifier[1..]));
        assert!(!proves(challenge, challenge));
        assert!(!proves(verifier, verifier));
        let short = "a".repeat(42);
        let of_short = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&short));
        assert!(!proves(&of_short, &short));
    }
}
