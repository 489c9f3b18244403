//! Who asks: API keys, signed-in sessions, and the people and workspaces behind them.

pub mod browser;
pub mod factor;
mod guard;
mod open;
pub mod operator;
pub mod own;
mod pace;
pub mod passkey;
mod password;
mod refresh;
mod refusal;
mod setup;
mod sweep;
pub(crate) mod token;

use hmac::{Hmac, KeyInit, Mac};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::Permission,
    ids::{OauthAppId, WorkspaceId},
    secret::Secret,
};
use posthaste_store::{
    Conn,
    access::{self, User},
    key::{self, ApiKey},
    oauth as rows, standing,
    workspace::Workspace,
};
use sha2::Sha256;

use crate::{Actor, App, oauth};

pub(crate) use factor::Codes;
pub use factor::Proof;
pub use guard::Guard;
pub use open::{Client, Opened, Rules, SignIn, sign_in};
pub(crate) use open::{open, recognise, recognise_password, second_factor};
pub(crate) use password::hash as password_hash;
pub(crate) use refresh::renew;
pub use refresh::{reauthenticate, refresh};
pub(crate) use refusal::note_provider;
pub use setup::{
    Founded, KeyKind, NewKey, NewUser, NewWorkspace, add_member, create_key, create_user,
    create_workspace, found, sample_key,
};
pub(crate) use setup::{address, key_row, named, shown_prefix, user_row, workspace_row};
pub use sweep::sweep;

/// Longer texts are no credential of ours and are not hashed.
const MAX_CREDENTIAL: usize = 200;

/// Says who presents a credential: an API key (`phk_…`), a session's access token (`phs_…`), a browser's
/// (`phb_…`) or an app's (`pha_…`).
/// Always asks the database, so that revoking works at once.
pub async fn authenticate(app: &App, credential: &str) -> Result<Actor> {
    let app = &app.everywhere();
    if let Some(person) = open::by_token(app, credential).await? {
        return Ok(person);
    }
    if let Some(other) = oauth::by_token(app, credential).await? {
        return Ok(other);
    }
    let hash = credential_hash(app, credential)?;
    let mut conn = app.db.get().await?;
    let (key, standing) = key::by_hash(&mut conn, &hash, app.now())
        .await?
        .ok_or_else(unauthenticated)?;
    let by = Provenance::Key { key: key.id };
    Ok(Actor::standing(key.workspace_id, standing, by))
}

/// What a credential that opens nothing is told.
pub(crate) fn unauthenticated() -> Error {
    Error::new(
        ErrorCode::Unauthenticated,
        "The API key or session token is not valid: unknown, revoked or expired.",
    )
}

fn credential_hash(app: &App, credential: &str) -> Result<Vec<u8>> {
    let known = ["phk_live_", "phk_test_"]
        .iter()
        .any(|prefix| credential.starts_with(prefix));
    if !known || credential.len() > MAX_CREDENTIAL {
        return Err(unauthenticated());
    }
    keyed_hash(&app.secret, credential)
}

/// HMAC-SHA256 under the server's secret: a stolen table of hashes opens nothing.
pub(crate) fn keyed_hash(secret: &Secret, credential: &str) -> Result<Vec<u8>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.expose().as_bytes())
        .map_err(Error::internal)?;
    mac.update(b"posthaste credential\0");
    mac.update(credential.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

/// 256 bits behind a prefix.
pub(crate) fn credential(prefix: &str, seed: [u8; 32]) -> Secret {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    Secret::new(format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(seed)))
}

/// Who an actor is, by name.
#[derive(Clone, Debug)]
pub enum Identity {
    /// A signed-in person.
    Person(User),
    /// A program with a key.
    Key(ApiKey),
    /// An app of others, by name, and whom it works for.
    App(OauthAppId, String, User),
    /// Posthaste itself.
    System,
}

/// Whoever made a change, with the rights of this moment; none once removed, revoked or expired.
pub async fn present(
    app: &App,
    workspace: WorkspaceId,
    provenance: &Provenance,
) -> Result<Option<Actor>> {
    present_in(app, &mut *app.db.get().await?, workspace, provenance).await
}

/// As [`present`], inside a transaction.
pub(crate) async fn present_in(
    app: &App,
    conn: &mut Conn,
    workspace: WorkspaceId,
    provenance: &Provenance,
) -> Result<Option<Actor>> {
    let standing = standing::of(conn, workspace, provenance, app.now()).await?;
    Ok(standing.map(|standing| Actor::standing(workspace, standing, provenance.clone())))
}

/// The workspace an actor is in.
pub async fn workspace(app: &App, actor: &Actor) -> Result<Workspace> {
    actor.require(Permission::Read)?;
    posthaste_store::workspace::get(&mut *app.db.get().await?, actor.workspace).await
}

/// The person or key behind an actor.
pub async fn identity(app: &App, actor: &Actor) -> Result<Identity> {
    // A person's row says how they sign in, too.
    let mut conn = app.everywhere().db.get().await?;
    match actor.provenance {
        Provenance::Person { user } => access::user(&mut conn, actor.workspace, user)
            .await?
            .map(Identity::Person)
            .ok_or_else(|| Error::not_found("person")),
        Provenance::Key { key: id } => key::get(&mut conn, actor.workspace, id)
            .await
            .map(Identity::Key),
        Provenance::App { app: id, user, .. } => {
            let found = rows::named_app(&mut conn, id).await?;
            let user = access::user(&mut conn, actor.workspace, user).await?;
            let (Some((app, _)), Some(user)) = (found, user) else {
                return Err(Error::not_found("app"));
            };
            Ok(Identity::App(id, app.name, user))
        }
        Provenance::System => Ok(Identity::System),
    }
}
