use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use posthaste_core::{Error, Result, secret::Secret};
use posthaste_store::{access::Session, oauth::OauthGrant};
use sha2::Sha256;
use uuid::Uuid;

/// How long an access token works.
pub const ACCESS_LIFE: TimeDelta = TimeDelta::minutes(15);

/// What a browser's token begins with.
pub(super) const BROWSER: &str = "phb_";

/// Bytes of the id, the generation and the code of a token.
const PARTS: (usize, usize, usize) = (16, 4, 32);

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Requests.
    Access,
    /// Getting the next tokens.
    Refresh,
    /// All that a browser asks, from its cookie.
    Browser,
    /// Requests of an app of others.
    AppAccess,
    /// Getting the app's next tokens.
    AppRefresh,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Access => "phs_",
            Self::Refresh => "phr_",
            Self::Browser => BROWSER,
            Self::AppAccess => "pha_",
            Self::AppRefresh => "phf_",
        }
    }
}

/// How long the tokens before a refresh still get the same ones again: an answer was lost, or two windows asked.
const GRACE: TimeDelta = TimeDelta::seconds(30);

/// What the tokens of a session, or of an app's grant, are made of, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    id: Uuid,
    salt: &'a [u8],
    generation: i32,
    refreshed_at: DateTime<Utc>,
    before_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
}

impl<'a> From<&'a Session> for Line<'a> {
    fn from(row: &'a Session) -> Self {
        Self {
            id: row.id.uuid(),
            salt: &row.salt,
            generation: row.generation,
            refreshed_at: row.refreshed_at,
            before_at: row.before_at,
            expires_at: row.expires_at,
        }
    }
}

impl<'a> From<&'a OauthGrant> for Line<'a> {
    fn from(row: &'a OauthGrant) -> Self {
        Self {
            id: row.id.uuid(),
            salt: &row.salt,
            generation: row.generation,
            refreshed_at: row.refreshed_at,
            before_at: row.before_at,
            expires_at: row.expires_at,
        }
    }
}

/// What becomes of a refresh token that this server made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It gets the next tokens.
    Next,
    /// It got the present ones a moment ago, and gets them again.
    Again,
    /// It was used before: somebody has a copy.
    Copied,
}

impl Line<'_> {
    /// What becomes of the refresh token of a number. A higher one than the present is the server's own too: the database has
    /// lost the refresh that made it.
    pub fn turn(&self, generation: i32, now: DateTime<Utc>) -> Turn {
        let is_before = self.generation.checked_sub(1) == Some(generation);
        if is_before && now < self.refreshed_at + GRACE {
            return Turn::Again;
        }
        if generation < self.generation {
            Turn::Copied
        } else {
            Turn::Next
        }
    }
}

/// What a token says: whose it is, and how often that was refreshed. The rest of it is a code of 256 bits that nobody
/// can make without the server's secret and the salt of the row, so that no token is kept anywhere and
/// each old one is still recognised.
#[derive(Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub id: Uuid,
    pub generation: i32,
    code: Vec<u8>,
}

impl Token {
    /// What a text says; none when it is no token of this kind.
    pub fn read(kind: Kind, text: &str) -> Option<Self> {
        let text = text.strip_prefix(kind.prefix())?;
        let (id, generation, code) = PARTS;
        if text.len() > 4 * (id + generation + code) / 3 + 1 {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, rest) = bytes.split_at_checked(id)?;
        let (generation, rest) = rest.split_at_checked(generation)?;
        (rest.len() == code).then_some(Self {
            kind,
            id: Uuid::from_slice(id).ok()?,
            generation: i32::from_be_bytes(generation.try_into().ok()?),
            code: rest.to_vec(),
        })
    }

    /// Whether this server made it for the line; takes the same time for any code.
    pub fn is_of(&self, secret: &Secret, line: &Line<'_>) -> Result<bool> {
        let mac = mac(secret, self.kind, line, self.generation)?;
        Ok(mac.verify_slice(&self.code).is_ok())
    }
}

/// The present token of a line.
pub(crate) fn make(secret: &Secret, kind: Kind, line: &Line<'_>) -> Result<Secret> {
    let mut bytes = line.id.as_bytes().to_vec();
    bytes.extend(line.generation.to_be_bytes());
    let mac = mac(secret, kind, line, line.generation)?;
    bytes.extend(mac.finalize().into_bytes());
    let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    Ok(Secret::new(format!("{}{text}", kind.prefix())))
}

fn mac(secret: &Secret, kind: Kind, line: &Line<'_>, generation: i32) -> Result<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.expose().as_bytes())
        .map_err(Error::internal)?;
    mac.update(b"posthaste session\0");
    mac.update(kind.prefix().as_bytes());
    mac.update(line.id.as_bytes());
    mac.update(&generation.to_be_bytes());
    mac.update(line.salt);
    Ok(mac)
}

/// Until when a token opens something; none when it opens nothing any more, or never did.
pub(crate) fn ends(line: &Line<'_>, token: &Token) -> Option<DateTime<Utc>> {
    match token.kind {
        Kind::Access | Kind::AppAccess => access_ends(line, token.generation),
        Kind::Browser => (line.generation == token.generation).then_some(line.expires_at),
        Kind::Refresh | Kind::AppRefresh => None,
    }
}

/// Until when the access token of a generation works; none when it opens nothing any more.
pub(crate) fn access_ends(line: &Line<'_>, generation: i32) -> Option<DateTime<Utc>> {
    let made_at = match line.generation.checked_sub(generation)? {
        0 => line.refreshed_at,
        1 => line.before_at?,
        _ => return None,
    };
    Some((made_at + ACCESS_LIFE).min(line.expires_at))
}

#[cfg(test)]
mod tests {
    use posthaste_core::access::Role;

    use super::*;

    fn session(id: u128, generation: i32) -> Session {
        let at = DateTime::UNIX_EPOCH;
        Session {
            id: Uuid::from_u128(id).into(),
            user_id: Uuid::from_u128(2).into(),
            workspace_id: Uuid::from_u128(3).into(),
            role: Role::Editor,
            created_at: at,
            expires_at: at + TimeDelta::days(14),
            salt: vec![7; 32],
            generation,
            refreshed_at: at,
            before_at: None,
            authenticated_at: at,
            second_factor: false,
            user_agent: None,
            address: None,
        }
    }

    #[test]
    fn a_token_is_of_one_session_generation_kind_salt_and_server() {
        let (secret, at_first) = (Secret::new("the server's"), session(1, 1));
        let made = make(&secret, Kind::Access, &Line::from(&at_first)).unwrap();
        let token = Token::read(Kind::Access, made.expose()).unwrap();
        assert_eq!((token.id, token.generation), (at_first.id.uuid(), 1));
        assert!(token.is_of(&secret, &Line::from(&at_first)).unwrap());
        assert!(token.is_of(&secret, &Line::from(&session(1, 9))).unwrap());
        assert!(!token.is_of(&secret, &Line::from(&session(4, 1))).unwrap());
        assert!(
            !token
                .is_of(&Secret::new("another"), &Line::from(&at_first))
                .unwrap()
        );
        let mut salted = session(1, 1);
        salted.salt[31] ^= 1;
        assert!(!token.is_of(&secret, &Line::from(&salted)).unwrap());
        let later = Token {
            generation: 2,
            ..token
        };
        assert!(!later.is_of(&secret, &Line::from(&at_first)).unwrap());
        let posing = made.expose().replace("phs_", "phr_");
        let posing = Token::read(Kind::Refresh, &posing).unwrap();
        assert!(!posing.is_of(&secret, &Line::from(&at_first)).unwrap());
    }

    #[test]
    fn what_is_no_token_is_none() {
        let made = make(
            &Secret::new("s"),
            Kind::Refresh,
            &Line::from(&session(1, 1)),
        )
        .unwrap();
        let text = made.expose();
        assert!(Token::read(Kind::Refresh, text).is_some());
        assert!(Token::read(Kind::Access, text).is_none());
        for wrong in ["", "phr_", "phr_a", "phr_ä", &text[..text.len() - 2]] {
            assert!(Token::read(Kind::Refresh, wrong).is_none(), "{wrong}");
        }
        let long = format!("{text}AAAA");
        assert!(Token::read(Kind::Refresh, &long).is_none());
    }

    #[test]
    fn access_ends_after_fifteen_minutes_and_with_the_generation_before_the_last() {
        let mut session = session(1, 5);
        session.before_at = Some(session.refreshed_at - TimeDelta::minutes(10));
        let ends = |generation| {
            access_ends(&Line::from(&session), generation).map(|at| at.timestamp() / 60)
        };
        let expected = [(6, None), (5, Some(15)), (4, Some(5)), (3, None)];
        assert_eq!(expected.map(|(n, _)| (n, ends(n))), expected);
    }

    #[test]
    fn a_refresh_token_works_once_and_again_for_half_a_minute() {
        let session = session(1, 5);
        let turn = |generation, seconds| {
            let now = session.refreshed_at + TimeDelta::seconds(seconds);
            Line::from(&session).turn(generation, now)
        };
        assert_eq!((turn(5, 0), turn(6, 0)), (Turn::Next, Turn::Next));
        assert_eq!((turn(4, 29), turn(4, 30)), (Turn::Again, Turn::Copied));
        assert_eq!(turn(3, 0), Turn::Copied);
    }
}
