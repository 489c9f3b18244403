//! Requests that may come twice: the first run's answer is kept under the client's key, and a repeat
//! gets it instead of a second run.
//!
//! A run holds its key by a lease. When its process dies, a repeat runs again after the lease, and
//! what it makes carries the same ids as in the first run ([`Once::id`]), so that it finds what
//! is there already instead of making it twice.

use std::{convert::Infallible, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Error, ErrorCode, Provenance, Result};
use posthaste_store::idempotency::{self as rows, Mark, Row, Scope};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Actor, App, session, vault::place};

/// Longest key, in characters of visible ASCII.
pub const MAX_KEY: usize = 255;

/// How long a key is held without a sign of life from its run.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);

/// How often a run gives a sign of life.
const RENEW: Duration = Duration::from_secs(20);

/// Longest wait that is asked for: most runs end long before their lease.
const MAX_WAIT: i64 = 5;

/// How many keys are forgotten in one statement, and how many statements a sweep makes at most.
const BATCH: i64 = 1000;
const BATCHES: usize = 10;

/// SHA-256 of everything that makes a request the same request.
pub type Fingerprint = [u8; 32];

/// How long an answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// 24 hours.
    Usual,
    /// 72 hours, for what publishes.
    Publishing,
}

impl Life {
    fn span(self) -> TimeDelta {
        match self {
            Self::Usual => TimeDelta::hours(24),
            Self::Publishing => TimeDelta::hours(72),
        }
    }
}

/// What a key leads to.
#[derive(Debug)]
pub enum Reserved {
    /// The request is to be run; [`answer`] or [`release`] ends it.
    Run(Arc<Reservation>),
    /// It was run: this is its answer.
    Replay(Vec<u8>),
}

/// The right to run the request behind a key.
#[derive(Debug)]
pub struct Reservation {
    scope: Scope,
    fingerprint: Vec<u8>,
    created_at: DateTime<Utc>,
    token: i32,
    is_repeat: bool,
}

impl Reservation {
    fn new(scope: Scope, row: Row, is_repeat: bool) -> Self {
        Self {
            scope,
            fingerprint: row.fingerprint,
            created_at: row.created_at,
            token: row.token,
            is_repeat,
        }
    }

    fn digest(&self, place: &str) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"posthaste idempotent id\0")
            .chain_update(self.scope.workspace.uuid())
            .chain_update(self.scope.credential)
            .chain_update(self.created_at.timestamp_micros().to_be_bytes())
            .chain_update(&self.fingerprint)
            .chain_update((self.scope.key.len() as u64).to_be_bytes())
            .chain_update(&self.scope.key)
            .chain_update(place)
            .finalize()
            .into()
    }

    fn id<T: From<Uuid>>(&self, place: &str) -> T {
        let mut random = [0; 10];
        random.copy_from_slice(&self.digest(place)[..10]);
        let millis = self.created_at.timestamp_millis().max(0) as u64;
        uuid::Builder::from_unix_timestamp_millis(millis, &random)
            .into_uuid()
            .into()
    }
}

/// Something that a request with a key makes, at one place of it.
#[derive(Clone, Debug)]
pub struct Once {
    reservation: Arc<Reservation>,
    place: String,
}

impl Once {
    /// What is made at `place`, a name that no other part of the request has.
    pub fn new(reservation: Arc<Reservation>, place: impl Into<String>) -> Self {
        Self {
            reservation,
            place: place.into(),
        }
    }

    /// Its id: the same in every run of the request.
    pub fn id<T: From<Uuid>>(&self) -> T {
        self.reservation.id(&self.place)
    }

    fn seed(&self, app: &App) -> Result<[u8; 32]> {
        let digest = BASE64_URL_SAFE_NO_PAD.encode(self.reservation.digest(&self.place));
        let seed = session::keyed_hash(&app.secret, &format!("made once {digest}"))?;
        seed.try_into()
            .map_err(|_| Error::internal("a keyed hash has 32 bytes"))
    }

    /// Whether an earlier run may have made it already.
    pub fn is_repeat(&self) -> bool {
        self.reservation.is_repeat
    }

    /// Whether something with this author and age can be what an earlier run made.
    pub fn made(&self, actor: &Actor, author: &Provenance, created_at: DateTime<Utc>) -> bool {
        self.is_repeat() && *author == actor.provenance && created_at >= self.reservation.created_at
    }
}

/// 256 bits for a secret: chance, or for a request with a key what no one knows without the server's
/// secret, the same in every run, so that a repeat after a crash can show what the first run made.
pub(crate) fn seed(app: &App, once: Option<&Once>) -> Result<[u8; 32]> {
    if let Some(once) = once {
        return once.seed(app);
    }
    let mut bytes = [0; 32];
    app.random.fill(&mut bytes);
    Ok(bytes)
}

/// Takes the key for a request. `INVALID_INPUT` for a key that is none, `IDEMPOTENCY_MISMATCH` when it
/// stands for another request, `IDEMPOTENCY_IN_PROGRESS` while another run holds it.
pub async fn reserve(
    app: &App,
    actor: &Actor,
    key: &str,
    fingerprint: Fingerprint,
    life: Life,
) -> Result<Reserved> {
    check_key(key)?;
    let scope = Scope {
        workspace: actor.workspace,
        credential: credential(actor)?,
        key: key.to_owned(),
    };
    let now = app.now();
    let fresh = Row {
        fingerprint: fingerprint.to_vec(),
        created_at: now,
        token: 1,
        lease_until: Some(now + LEASE),
        answer: None,
        expires_at: now + life.span(),
    };
    if rows::insert(&mut *app.db.get().await?, &scope, &fresh).await? {
        return Ok(Reserved::Run(Arc::new(Reservation::new(
            scope, fresh, false,
        ))));
    }
    let mut tx = app.db.begin().await?;
    // Swept away in between: the client's next try takes it.
    let Some(known) = rows::lock(&mut tx, &scope).await? else {
        return Err(in_progress(1));
    };
    let (created_at, is_repeat) = match judge(&known, &fingerprint, now) {
        Verdict::Replay(sealed) => {
            let sealed = sealed.to_owned();
            tx.rollback().await?;
            let answer = app.cipher.open(&sealed, &place::answer(&scope)).await?;
            return Ok(Reserved::Replay(answer));
        }
        Verdict::Mismatch => return Err(mismatch()),
        Verdict::Wait(seconds) => return Err(in_progress(seconds)),
        Verdict::Anew => (now, false),
        Verdict::Again => (known.created_at, true),
    };
    let row = Row {
        created_at,
        token: known.token + 1,
        ..fresh
    };
    rows::update(&mut tx, &scope, &row).await?;
    tx.commit().await?;
    Ok(Reserved::Run(Arc::new(Reservation::new(
        scope, row, is_repeat,
    ))))
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict<'a> {
    /// Answer as before.
    Replay(&'a [u8]),
    /// It was another request.
    Mismatch,
    /// Somebody works on it; seconds to wait.
    Wait(u64),
    /// Run the same request once more.
    Again,
    /// Run as if the key were new.
    Anew,
}

fn judge<'a>(known: &'a Row, fingerprint: &[u8], now: DateTime<Utc>) -> Verdict<'a> {
    let same = known.fingerprint == fingerprint;
    if known.expires_at <= now {
        return Verdict::Anew;
    }
    match (&known.answer, known.lease_until) {
        // Given up: the key is free for anything.
        (None, None) if !same => Verdict::Anew,
        _ if !same => Verdict::Mismatch,
        (Some(sealed), _) => Verdict::Replay(sealed),
        (None, Some(until)) if until > now => {
            Verdict::Wait((until - now).num_seconds().clamp(1, MAX_WAIT) as u64)
        }
        (None, _) => Verdict::Again,
    }
}

/// Gives signs of life for as long as it is polled; never ends by itself.
pub async fn keep(app: &App, reservation: &Reservation) -> Infallible {
    loop {
        tokio::time::sleep(RENEW).await;
        let working = Mark::Working(app.now() + LEASE);
        if let Err(error) = mark(app, reservation, working).await {
            tracing::warn!(%error, cause = ?error.cause, "cannot hold an idempotency key");
        }
    }
}

/// Keeps the answer of a run.
pub async fn answer(app: &App, reservation: &Reservation, text: &[u8]) -> Result<()> {
    let sealed = app
        .cipher
        .seal(text, &place::answer(&reservation.scope))
        .await?;
    mark(app, reservation, Mark::Answered(&sealed)).await
}

/// Frees the key of a run that came to nothing that is worth keeping.
pub async fn release(app: &App, reservation: &Reservation) -> Result<()> {
    mark(app, reservation, Mark::Released).await
}

async fn mark(app: &App, reservation: &Reservation, mark: Mark<'_>) -> Result<()> {
    let mut conn = app.db.get().await?;
    if !rows::mark(&mut conn, &reservation.scope, reservation.token, mark).await? {
        tracing::warn!("another run took an idempotency key over");
    }
    Ok(())
}

/// Forgets keys whose time is over, some thousands at most; returns how many.
pub async fn sweep(app: &App) -> Result<usize> {
    let mut swept = 0;
    for _ in 0..BATCHES {
        let batch = rows::sweep(&mut *app.db.get().await?, app.now(), BATCH).await?;
        swept += batch;
        if batch < BATCH as usize {
            break;
        }
    }
    Ok(swept)
}

/// Whether a text can be a key: 1 to [`MAX_KEY`] visible ASCII characters, else `INVALID_INPUT`.
pub fn check_key(key: &str) -> Result<()> {
    if (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::InvalidInput,
        format!("An idempotency key is 1 to {MAX_KEY} visible ASCII characters."),
    ))
}

fn credential(actor: &Actor) -> Result<Uuid> {
    match &actor.provenance {
        Provenance::Person { user } => Ok(user.uuid()),
        Provenance::Key { key } => Ok(key.uuid()),
        Provenance::App { grant, .. } => Ok(grant.uuid()),
        Provenance::System => Err(Error::internal("the system repeats nothing under a key")),
    }
}

fn mismatch() -> Error {
    let code = ErrorCode::IdempotencyMismatch;
    Error::new(code, code.title())
}

fn in_progress(seconds: u64) -> Error {
    let code = ErrorCode::IdempotencyInProgress;
    Error::new(code, code.title()).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use posthaste_core::ids::{PostId, WorkspaceId};

    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn row() -> Row {
        Row {
            fingerprint: vec![1],
            created_at: at(0),
            token: 1,
            lease_until: Some(at(60)),
            answer: None,
            expires_at: at(86_400),
        }
    }

    #[test]
    fn a_run_that_lives_is_waited_for_and_a_dead_one_is_repeated() {
        assert_eq!(judge(&row(), &[1], at(0)), Verdict::Wait(5));
        assert_eq!(judge(&row(), &[1], at(58)), Verdict::Wait(2));
        assert_eq!(judge(&row(), &[1], at(60)), Verdict::Again);
        assert_eq!(judge(&row(), &[2], at(60)), Verdict::Mismatch);
    }

    #[test]
    fn an_answer_is_replayed_to_the_same_request_until_it_expires() {
        let answered = Row {
            lease_until: None,
            answer: Some(vec![7]),
            ..row()
        };
        assert_eq!(judge(&answered, &[1], at(86_399)), Verdict::Replay(&[7]));
        assert_eq!(judge(&answered, &[2], at(86_399)), Verdict::Mismatch);
        assert_eq!(judge(&answered, &[2], at(86_400)), Verdict::Anew);
    }

    #[test]
    fn a_released_key_is_free_and_remembers_its_request() {
        let released = Row {
            lease_until: None,
            ..row()
        };
        assert_eq!(judge(&released, &[1], at(1)), Verdict::Again);
        assert_eq!(judge(&released, &[2], at(1)), Verdict::Anew);
    }

    #[test]
    fn ids_are_the_same_in_every_run_and_differ_by_place_and_key() {
        let scope = |key: &str| Scope {
            workspace: WorkspaceId::from(Uuid::from_u128(1)),
            credential: Uuid::from_u128(2),
            key: key.into(),
        };
        let first = Reservation::new(scope("a"), row(), false);
        let later = Row {
            token: 2,
            lease_until: Some(at(160)),
            ..row()
        };
        let id: PostId = first.id("postCreate");
        assert_eq!(
            id,
            Reservation::new(scope("a"), later, true).id("postCreate")
        );
        assert_ne!(id, first.id("other"));
        let other = Reservation::new(scope("b"), row(), false);
        assert_ne!(id, other.id("postCreate"));
        assert_eq!(id.uuid().get_version_num(), 7);
    }

    #[test]
    fn keys_are_visible_ascii() {
        for key in ["a", "\"quoted\"", &"x".repeat(255)] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for key in ["", "with blank", "é", "a\n", &"x".repeat(256)] {
            assert_eq!(check_key(key).unwrap_err().code, ErrorCode::InvalidInput);
        }
    }
}
