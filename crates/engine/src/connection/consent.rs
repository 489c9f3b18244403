use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use posthaste_core::{
    Error, ErrorCode, Network, Provenance, Result,
    access::{Permission, Role},
    connector::{Account, Authorization, Failure},
    ids::{ConnectionId, GrantId},
    ports::Place,
};
use posthaste_store::{
    connection::{self, Status},
    grant::{self, Grant, Status as GrantStatus},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::{Host, Url};

use super::create::renew;
use crate::{Actor, App, session, vault::place};

/// How long a person may take on the network's page.
const GRANT_LIFE: TimeDelta = TimeDelta::minutes(15);

/// A consent that is to be asked for.
#[derive(Clone, Debug)]
pub struct ConsentRequest {
    /// The network.
    pub network: Network,
    /// Where to send the browser afterwards: a path of this server, or an address on it or on the
    /// person's own machine.
    pub return_to: Option<String>,
    /// The connection to renew, instead of connecting new accounts.
    pub reconnect: Option<ConnectionId>,
}

/// What is kept sealed until the network answers.
#[derive(Serialize, Deserialize)]
struct Pending {
    verifier: String,
    by: Provenance,
    /// Read by nodes of the version before; what the person may do is asked for when the consent comes.
    role: Role,
}

/// Makes a grant and says where the person gives the consent.
pub async fn authorize(
    app: &App,
    actor: &Actor,
    request: ConsentRequest,
) -> Result<(Grant, String)> {
    let actor = &actor.using(Permission::ManageConnections)?;
    let ctx = app
        .network_ctx(request.network)
        .map_err(|error| error.at(["network"]))?;
    if let Some(address) = &request.return_to {
        check_return(app, address)?;
    }
    let mut conn = app.db.get().await?;
    if request.reconnect.is_none() {
        actor.require_whole()?;
    }
    if let Some(id) = request.reconnect {
        let row = connection::get(&mut conn, actor, id).await?;
        if row.status == Status::Removed || row.network != request.network {
            let message =
                "Only a connection of the same network that was not removed can be reconnected.";
            return Err(Error::new(ErrorCode::ConnectionUnusable, message));
        }
    }
    let (state, verifier) = (chance(app), chance(app));
    let id = GrantId::new(&*app.clock, &*app.random);
    let pending = Pending {
        verifier: verifier.clone(),
        by: actor.provenance.clone(),
        role: actor.role,
    };
    let now = app.now();
    let row = Grant {
        id,
        workspace_id: actor.workspace,
        network: request.network,
        status: GrantStatus::Pending,
        state_hash: hash(&state),
        verifier: seal(app, &place::verifier(actor.workspace, id), &pending).await?,
        return_to: request.return_to,
        connection_id: request.reconnect.map(ConnectionId::uuid),
        accounts: None,
        error: None,
        created_at: now,
        expires_at: now + GRANT_LIFE,
    };
    grant::insert(&mut conn, &row).await?;
    let authorization = Authorization {
        redirect_uri: redirect_uri(app, row.network),
        state,
        verifier,
    };
    let url = app
        .connector(row.network)
        .authorize_url(&ctx, &authorization);
    Ok((row, url))
}

/// 256 bits as a word for an address; also a PKCE verifier (RFC 7636, section 4.1).
fn chance(app: &App) -> String {
    let mut bytes = [0; 32];
    app.random.fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn hash(state: &str) -> Vec<u8> {
    Sha256::digest(state.as_bytes()).to_vec()
}

fn redirect_uri(app: &App, network: Network) -> String {
    format!(
        "{}/oauth/{}/callback",
        app.public_url,
        network.as_str().to_ascii_lowercase()
    )
}

async fn seal<T: Serialize + Sync>(app: &App, place: &Place, value: &T) -> Result<Vec<u8>> {
    let plain = serde_json::to_vec(value).map_err(Error::internal)?;
    app.cipher.seal(&plain, place).await
}

async fn open<T: for<'a> Deserialize<'a>>(app: &App, place: &Place, sealed: &[u8]) -> Result<T> {
    let plain = app.cipher.open(sealed, place).await?;
    serde_json::from_slice(&plain).map_err(Error::internal)
}

/// Only places that belong to this server or the person's own machine: the callback must not become
/// a way to send people elsewhere.
fn check_return(app: &App, address: &str) -> Result<()> {
    let fine = match (Url::parse(&app.public_url), Url::parse(address)) {
        (Ok(own), Ok(url)) => url.origin() == own.origin() || is_loopback(&url),
        (Ok(own), Err(_)) => {
            address.starts_with('/')
                && own
                    .join(address)
                    .is_ok_and(|url| url.origin() == own.origin())
        }
        (Err(_), _) => false,
    };
    if fine && address.len() <= 2048 {
        return Ok(());
    }
    let message =
        "returnTo is a path such as /settings, an address on this server, or on 127.0.0.1.";
    Err(Error::new(ErrorCode::InvalidInput, message).at(["returnTo"]))
}

/// Whether an address leads to the machine that it is opened on.
pub(crate) fn is_loopback(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

/// What the network's page came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accounts can be chosen with [`super::create`].
    Ready,
    /// The connection works again.
    Reconnected(ConnectionId),
    /// The person said no, or something went wrong.
    Refused {
        /// The stable code.
        code: ErrorCode,
        /// What happened, for the person.
        message: String,
    },
}

/// A consent that came back.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The grant.
    pub grant: GrantId,
    /// The network.
    pub network: Network,
    /// Where the browser goes now.
    pub return_to: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// Takes the network's answer: `answer` is the code, or what the network says instead. A `state`
/// that is unknown, used up or too old is `OAUTH_STATE_INVALID`.
pub async fn callback(
    app: &App,
    network: Network,
    state: &str,
    answer: Result<String, String>,
) -> Result<Consent> {
    let mut conn = app.everywhere().db.get().await?;
    let row = grant::take_pending(&mut conn, &hash(state), app.now()).await?;
    drop(conn);
    let row = row.filter(|row| row.network == network).ok_or_else(|| {
        Error::new(
            ErrorCode::OauthStateInvalid,
            ErrorCode::OauthStateInvalid.title(),
        )
    })?;
    let app = &app.within(row.workspace_id);
    let outcome = match settle(app, &row, state, answer).await {
        Ok(outcome) => outcome,
        Err(error) if error.code == ErrorCode::Internal => return Err(error),
        Err(error) => refuse(app, &row, error).await?,
    };
    Ok(Consent {
        grant: row.id,
        network,
        return_to: row.return_to,
        outcome,
    })
}

async fn settle(
    app: &App,
    row: &Grant,
    state: &str,
    answer: Result<String, String>,
) -> Result<Outcome> {
    let code = answer.map_err(|said| {
        let said: String = said.chars().take(200).collect();
        Error::new(
            ErrorCode::OauthDenied,
            format!("{} gave no access: {said}", row.network),
        )
    })?;
    let pending: Pending = open(
        app,
        &place::verifier(row.workspace_id, row.id),
        &row.verifier,
    )
    .await?;
    let accounts = fetch_accounts(app, row, state, &code, &pending.verifier).await?;
    let Some(id) = row.connection_id.map(ConnectionId::from) else {
        let sealed = seal(app, &place::accounts(row.workspace_id, row.id), &accounts).await?;
        grant::finish(
            &mut *app.db.get().await?,
            row.id,
            GrantStatus::Ready,
            Some(&sealed),
            None,
        )
        .await?;
        return Ok(Outcome::Ready);
    };
    let actor = session::present(app, row.workspace_id, &pending.by).await?;
    let actor = actor
        .ok_or_else(|| Permission::ManageConnections.refusal())?
        .using(Permission::ManageConnections)?;
    reconnect(app, &actor, row, id, accounts).await
}

async fn fetch_accounts(
    app: &App,
    row: &Grant,
    state: &str,
    code: &str,
    verifier: &str,
) -> Result<Vec<Account>> {
    let ctx = app.network_ctx(row.network)?;
    let connector = app.connector(row.network);
    let authorization = Authorization {
        redirect_uri: redirect_uri(app, row.network),
        state: state.to_owned(),
        verifier: verifier.to_owned(),
    };
    let refused = |failure: Failure| Error::new(failure.code(), failure.message);
    let tokens = connector
        .exchange(&ctx, &authorization, code)
        .await
        .map_err(refused)?;
    let accounts = connector.accounts(&ctx, &tokens).await.map_err(refused)?;
    if accounts.is_empty() {
        let message = format!("{} shows no account that can be published to.", row.network);
        return Err(Error::new(ErrorCode::NetworkPermission, message));
    }
    Ok(accounts)
}

async fn reconnect(
    app: &App,
    actor: &Actor,
    row: &Grant,
    id: ConnectionId,
    accounts: Vec<Account>,
) -> Result<Outcome> {
    let known = connection::get(&mut *app.db.get().await?, actor, id).await?;
    let Some(account) = accounts
        .iter()
        .find(|account| account.remote_id == known.remote_id)
    else {
        let names: Vec<&str> = accounts
            .iter()
            .map(|account| account.name.as_str())
            .collect();
        let message = format!(
            "The consent was given for {}, not for {}.",
            names.join(", "),
            known.name
        );
        return Err(Error::new(ErrorCode::OauthDenied, message));
    };
    let mut tx = app.db.begin().await?;
    let events = renew(app, actor, &mut tx, id, account).await?.1;
    grant::finish(&mut tx, row.id, GrantStatus::Used, None, None).await?;
    posthaste_store::event::append(&mut tx, actor.workspace, &events).await?;
    tx.commit().await?;
    app.hints.committed();
    Ok(Outcome::Reconnected(id))
}

async fn refuse(app: &App, row: &Grant, error: Error) -> Result<Outcome> {
    let status = if error.code == ErrorCode::OauthDenied {
        GrantStatus::Denied
    } else {
        GrantStatus::Failed
    };
    grant::finish(
        &mut *app.db.get().await?,
        row.id,
        status,
        None,
        Some(&error.message),
    )
    .await?;
    Ok(Outcome::Refused {
        code: error.code,
        message: error.message,
    })
}

/// A grant with the accounts its consent opened (none until then, and none once used).
pub async fn grant(app: &App, actor: &Actor, id: GrantId) -> Result<(Grant, Vec<Account>)> {
    let actor = &actor.using(Permission::ManageConnections)?;
    let row = grant::get(&mut *app.db.get().await?, actor.workspace, id).await?;
    let is_within = row.connection_id.map(ConnectionId::from);
    if !is_within.map_or(actor.reach.is_whole(), |id| actor.reach.has(id)) {
        return Err(Error::not_found("grant"));
    }
    let accounts = accounts_of(app, &row).await?;
    Ok((row, accounts))
}

/// The accounts that a grant's consent opened.
pub(super) async fn accounts_of(app: &App, row: &Grant) -> Result<Vec<Account>> {
    match &row.accounts {
        Some(sealed) => open(app, &place::accounts(row.workspace_id, row.id), sealed).await,
        None => Ok(Vec::new()),
    }
}
