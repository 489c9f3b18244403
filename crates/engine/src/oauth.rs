//! Apps of others (OAuth 2.1): a workspace registers one, people let it do some of what they may, and it never does more
//! than the person may at that moment. Codes and secrets are kept as keyed hashes, and tokens not at all: they are made as
//! those of sessions are.

mod app;
mod ask;
mod client;
mod code;
mod consent;
mod grant;
mod refresh;
mod refusal;

use chrono::TimeDelta;
use posthaste_core::{Provenance, Result, access::PermissionSet, secret::Secret};
use posthaste_store::oauth::{self as rows, OauthGrant};
use subtle::ConstantTimeEq;

use crate::{
    Actor, App,
    session::{
        keyed_hash,
        token::{self, Kind, Line, Token},
    },
};

pub use app::{Change, Wanted, count, create, delete, get, list, rotate, update, users};
pub use ask::{Asked, Request, Wrong, check, is_here};
pub use client::{Credentials, client};
pub use code::exchange;
pub use consent::{Choice, Place, allow, deny, places};
pub use grant::{Whose, count_grants, forget, list_grants, revoke, sweep};
pub use refresh::refresh;
pub use refusal::{Failure, Reason, Refusal};

/// The position of an app or grant in its list: when it was made, and its id.
pub type Key = (Option<chrono::DateTime<chrono::Utc>>, uuid::Uuid);

/// How long a grant lasts without being refreshed, and from the consent on however often it is.
const IDLE: TimeDelta = TimeDelta::days(30);
const ABSOLUTE: TimeDelta = TimeDelta::days(180);

/// What an app gets for a code or refresh token.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For requests (`pha_…`).
    pub access: Secret,
    /// How many seconds that works.
    pub seconds: i64,
    /// For the next tokens (`phf_…`).
    pub refresh: Secret,
    /// What the app was given.
    pub permissions: PermissionSet,
}

impl Tokens {
    fn new(app: &App, row: &OauthGrant) -> Result<Self> {
        let line = Line::from(row);
        let ends = token::access_ends(&line, row.generation);
        let left = ends.map_or(TimeDelta::zero(), |end| end - app.now());
        Ok(Self {
            access: token::make(&app.secret, Kind::AppAccess, &line)?,
            seconds: left.num_seconds(),
            refresh: token::make(&app.secret, Kind::AppRefresh, &line)?,
            permissions: row.permissions,
        })
    }
}

/// The actor behind an app's access token, if it is one.
pub(crate) async fn by_token(app: &App, text: &str) -> Result<Option<Actor>> {
    let Some(token) = Token::read(Kind::AppAccess, text) else {
        return Ok(None);
    };
    let now = app.now();
    let mut conn = app.db.get().await?;
    let Some(row) = rows::grant_by_id(&mut conn, token.id.into()).await? else {
        return Ok(None);
    };
    let line = Line::from(&row);
    let is_over = token::ends(&line, &token).is_none_or(|end| end <= now);
    if !token.is_of(&app.secret, &line)? || is_over {
        return Ok(None);
    }
    let standing = rows::may_now(&mut conn, row.workspace_id, row.id, now).await?;
    let by = author(&row);
    Ok(standing.map(|standing| Actor::standing(row.workspace_id, standing, by)))
}

/// What binds a form of a page to the browser that the page was shown in: whoever knows neither the server's secret nor
/// the browser's cannot have it sent.
pub fn seal(app: &App, browser: &Secret, request: &str) -> Result<String> {
    let bound = format!("oauth form {}\0{request}", browser.expose());
    Ok(posthaste_core::hex::encode(&keyed_hash(
        &app.secret,
        &bound,
    )?))
}

/// Whether a form carries the seal of its page; takes the same time for any.
pub fn is_sealed(app: &App, browser: &Secret, request: &str, seal: &str) -> Result<bool> {
    let right = self::seal(app, browser, request)?;
    Ok(right.as_bytes().ct_eq(seal.as_bytes()).into())
}

/// Who does what is done with a grant.
fn author(row: &OauthGrant) -> Provenance {
    Provenance::App {
        grant: row.id,
        app: row.app_id,
        user: row.user_id,
    }
}
