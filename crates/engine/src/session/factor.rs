//! Second factors: an authenticator app (TOTP, RFC 6238) and codes that stand in for it.

use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, Result, ids::UserId, secret::Secret};
use posthaste_store::{
    Tx, access,
    access::User,
    audit::{self, NewEntry},
    passkey,
    second_factor::{self as rows, SecondFactor},
};
use serde_json::json;
use totp_rs::{Builder, Totp};

use super::{keyed_hash, unauthenticated};
use crate::{Actor, App};

/// Recovery codes of a person.
const CODES: usize = 10;

/// Bytes of a recovery code: nobody guesses 80 bits.
const BYTES: usize = 10;

/// Bytes of an app's secret (RFC 4226, section 4).
const SECRET: usize = 20;

/// What somebody shows of themselves.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The password.
    pub password: Secret,
    /// A code of the authenticator app.
    pub code: Option<Secret>,
    /// A recovery code.
    pub recovery_code: Option<Secret>,
}

impl From<Secret> for Proof {
    fn from(password: Secret) -> Self {
        Self {
            password,
            code: None,
            recovery_code: None,
        }
    }
}

/// What somebody shows of a second factor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Codes<'a> {
    /// A code of the authenticator app.
    pub code: Option<&'a Secret>,
    /// A recovery code.
    pub recovery_code: Option<&'a Secret>,
}

impl<'a> From<&'a Proof> for Codes<'a> {
    fn from(proof: &'a Proof) -> Self {
        Self {
            code: proof.code.as_ref(),
            recovery_code: proof.recovery_code.as_ref(),
        }
    }
}

/// What a proof says of the second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// The person has none.
    Unneeded,
    /// It is right, and used up.
    Right,
    /// It is missing.
    Missing,
    /// It is wrong, or was used.
    Wrong,
}

/// Looks at the second factor of a person who was recognised. A code that is right is used up.
pub(super) async fn check(app: &App, user: &User, codes: Codes<'_>) -> Result<Checked> {
    let mut conn = app.db.get().await?;
    let known = rows::get(&mut conn, user.id).await?;
    let Some(known) = known.filter(|known| known.confirmed_at.is_some()) else {
        return Ok(Checked::Unneeded);
    };
    let is_right = if let Some(code) = codes.code {
        match step(app, &known, code)? {
            Some(step) => rows::take_step(&mut conn, &known, step).await?,
            None => false,
        }
    } else if let Some(code) = codes.recovery_code {
        rows::take_code(&mut conn, user.id, &hash(app, user.id, code.expose())?).await?
    } else {
        return Ok(Checked::Missing);
    };
    Ok(if is_right {
        Checked::Right
    } else {
        Checked::Wrong
    })
}

/// The person's app. Its secret follows from the salt and the server's secret: nothing in the database says it.
fn totp(app: &App, known: &SecondFactor, email: &str) -> Result<Totp> {
    let salt = posthaste_core::hex::encode(&known.salt);
    let secret = keyed_hash(&app.secret, &format!("totp {} {salt}", known.user_id))?;
    let builder = Builder::new()
        .with_secret(secret[..SECRET].to_vec())
        .with_skew(1)
        .with_issuer(Some("Posthaste"))
        // A colon would end it in the address.
        .with_account_name(email.replace(':', ""));
    builder
        .build()
        .map_err(|error| Error::internal(error.to_string()))
}

/// The step of 30 seconds that a code is of: the present one, or one beside it.
fn step(app: &App, known: &SecondFactor, code: &Secret) -> Result<Option<i64>> {
    let digits: String = code
        .expose()
        .chars()
        .filter(|char| !char.is_whitespace())
        .collect();
    let now = app.now().timestamp().max(0) as u64;
    let step = totp(app, known, "account")?.check(&digits, now);
    Ok(step.map(|step| step as i64))
}

/// The hash of a recovery code, however it is written.
fn hash(app: &App, user: UserId, code: &str) -> Result<Vec<u8>> {
    let digits: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(4 * BYTES)
        .collect();
    let digits = digits.to_ascii_lowercase();
    keyed_hash(&app.secret, &format!("recovery {user} {digits}"))
}

/// How a person's second factor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Since when the app is asked for.
    pub totp_since: Option<DateTime<Utc>>,
    /// Recovery codes that are left.
    pub codes_left: i64,
}

/// How the second factor of the person who asks stands.
pub async fn standing(app: &App, actor: &Actor) -> Result<Standing> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    let mut conn = app.db.get().await?;
    let known = rows::get(&mut conn, user).await?;
    Ok(Standing {
        totp_since: known.and_then(|known| known.confirmed_at),
        codes_left: rows::count_codes(&mut conn, user).await?,
    })
}

/// What an authenticator app is given.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// The secret, in base 32.
    pub secret: Secret,
    /// The same as an `otpauth:` address, for a QR code.
    pub url: Secret,
}

/// A new secret for the person's app. It is not asked for before [`confirm`].
pub async fn enrol(app: &App, actor: &Actor) -> Result<Enrolment> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    actor.require_fresh(app.now())?;
    let mut salt = [0; 32];
    app.random.fill(&mut salt);
    let mut conn = app.db.get().await?;
    if !rows::enrol(&mut conn, user, &salt, app.now()).await? {
        let message = "There is an authenticator app already; disable it first.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    let known = rows::get(&mut conn, user).await?.ok_or_else(none)?;
    let person = access::user(&mut conn, actor.workspace, user).await?;
    let totp = totp(app, &known, &person.ok_or_else(unauthenticated)?.email)?;
    let url = totp.to_url();
    Ok(Enrolment {
        secret: Secret::new(totp.secret().to_base32()),
        url: Secret::new(url.map_err(|error| Error::internal(error.to_string()))?),
    })
}

fn none() -> Error {
    let message = "There is no authenticator app; begin with totpEnrol.";
    Error::new(ErrorCode::InvalidState, message)
}

fn wrong() -> Error {
    let code = ErrorCode::SecondFactorWrong;
    Error::new(code, code.title()).at(["code"])
}

/// Asks for the app from now on, once a code shows that it has the secret. The present session counts as opened with it. Returns
/// the recovery codes, this once.
pub async fn confirm(app: &App, actor: &Actor, code: Secret) -> Result<Vec<Secret>> {
    let app = &app.everywhere();
    let (user, signed_in) = actor.signed_in()?;
    actor.require_fresh(app.now())?;
    let mut tx = app.db.begin().await?;
    let known = rows::get(&mut tx, user).await?.ok_or_else(none)?;
    let step = step(app, &known, &code)?.ok_or_else(wrong)?;
    if !rows::confirm(&mut tx, &known, step, app.now()).await? {
        let message = "The authenticator app was confirmed already.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    access::set_second_factor(&mut tx, user, Some(signed_in.session), true).await?;
    let codes = new_codes(app, &mut tx, user).await?;
    commit(app, tx, user, "person.second_factor_added").await?;
    Ok(codes)
}

/// Takes the app and the recovery codes away.
pub async fn disable(app: &App, actor: &Actor) -> Result<()> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    actor.require_fresh(app.now())?;
    let mut tx = app.db.begin().await?;
    if !rows::remove(&mut tx, user).await? {
        return Err(none());
    }
    if passkey::of_locked(&mut tx, user).await?.is_empty() {
        access::set_second_factor(&mut tx, user, None, false).await?;
    }
    commit(app, tx, user, "person.second_factor_removed").await
}

/// New recovery codes in the place of those before, returned this once.
pub async fn renew_codes(app: &App, actor: &Actor) -> Result<Vec<Secret>> {
    let app = &app.everywhere();
    let (user, _) = actor.signed_in()?;
    actor.require_fresh(app.now())?;
    let mut tx = app.db.begin().await?;
    let known = rows::get(&mut tx, user).await?;
    known
        .filter(|known| known.confirmed_at.is_some())
        .ok_or_else(none)?;
    let codes = new_codes(app, &mut tx, user).await?;
    commit(app, tx, user, "person.recovery_codes_renewed").await?;
    Ok(codes)
}

async fn new_codes(app: &App, tx: &mut Tx, user: UserId) -> Result<Vec<Secret>> {
    let mut codes = Vec::with_capacity(CODES);
    let mut hashes = Vec::with_capacity(CODES);
    for _ in 0..CODES {
        let mut bytes = [0; BYTES];
        app.random.fill(&mut bytes);
        let digits = posthaste_core::hex::encode(&bytes);
        let (a, rest) = digits.split_at(5);
        let (b, rest) = rest.split_at(5);
        let (c, d) = rest.split_at(5);
        let code = format!("{a}-{b}-{c}-{d}");
        hashes.push(hash(app, user, &code)?);
        codes.push(Secret::new(code));
    }
    rows::replace_codes(tx, user, &hashes).await?;
    Ok(codes)
}

pub(super) async fn commit(app: &App, mut tx: Tx, user: UserId, act: &'static str) -> Result<()> {
    let entry = NewEntry {
        at: app.now(),
        act,
        actor: user.to_string(),
        subject: Some(user.to_string()),
        detail: json!({}),
    };
    audit::append(&mut tx, None, &[entry]).await?;
    tx.commit().await
}
