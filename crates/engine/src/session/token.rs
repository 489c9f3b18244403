use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use posthaste_core::{Error, Result, ids::SessionId, secret::Secret};
use posthaste_store::access::Session;
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
pub(super) enum Kind {
    /// Requests.
    Access,
    /// Getting the next tokens.
    Refresh,
    /// All that a browser asks, from its cookie.
    Browser,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Access => "phs_",
            Self::Refresh => "phr_",
            Self::Browser => BROWSER,
        }
    }
}

/// What a token says: its session, and how often that was refreshed. The rest of it is a code of 256 bits that nobody
/// can make without the server's secret and the salt of the session's row, so that no token is kept anywhere and
/// each old one is still recognised.
#[derive(Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub session: SessionId,
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
            session: Uuid::from_slice(id).ok()?.into(),
            generation: i32::from_be_bytes(generation.try_into().ok()?),
            code: rest.to_vec(),
        })
    }

    /// Whether this server made it for the session; takes the same time for any code.
    pub fn is_of(&self, secret: &Secret, session: &Session) -> Result<bool> {
        let mac = mac(secret, self.kind, session, self.generation)?;
        Ok(mac.verify_slice(&self.code).is_ok())
    }
}

/// The present token of a session.
pub(super) fn make(secret: &Secret, kind: Kind, session: &Session) -> Result<Secret> {
    let mut bytes = session.id.uuid().as_bytes().to_vec();
    bytes.extend(session.generation.to_be_bytes());
    let mac = mac(secret, kind, session, session.generation)?;
    bytes.extend(mac.finalize().into_bytes());
    let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    Ok(Secret::new(format!("{}{text}", kind.prefix())))
}

fn mac(secret: &Secret, kind: Kind, session: &Session, generation: i32) -> Result<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.expose().as_bytes())
        .map_err(Error::internal)?;
    mac.update(b"posthaste session\0");
    mac.update(kind.prefix().as_bytes());
    mac.update(session.id.uuid().as_bytes());
    mac.update(&generation.to_be_bytes());
    mac.update(&session.salt);
    Ok(mac)
}

/// Until when a token opens something; none when it opens nothing any more, or never did.
pub(super) fn ends(session: &Session, token: &Token) -> Option<DateTime<Utc>> {
    match token.kind {
        Kind::Access => access_ends(session, token.generation),
        Kind::Browser => (session.generation == token.generation).then_some(session.expires_at),
        Kind::Refresh => None,
    }
}

/// Until when the access token of a generation works; none when it opens nothing any more.
pub(super) fn access_ends(session: &Session, generation: i32) -> Option<DateTime<Utc>> {
    let made_at = match session.generation.checked_sub(generation)? {
        0 => session.refreshed_at,
        1 => session.before_at?,
        _ => return None,
    };
    Some((made_at + ACCESS_LIFE).min(session.expires_at))
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
        let made = make(&secret, Kind::Access, &at_first).unwrap();
        let token = Token::read(Kind::Access, made.expose()).unwrap();
        assert_eq!((token.session, token.generation), (at_first.id, 1));
        assert!(token.is_of(&secret, &at_first).unwrap());
        assert!(token.is_of(&secret, &session(1, 9)).unwrap());
        assert!(!token.is_of(&secret, &session(4, 1)).unwrap());
        assert!(!token.is_of(&Secret::new("another"), &at_first).unwrap());
        let mut salted = session(1, 1);
        salted.salt[31] ^= 1;
        assert!(!token.is_of(&secret, &salted).unwrap());
        let later = Token {
            generation: 2,
            ..token
        };
        assert!(!later.is_of(&secret, &at_first).unwrap());
        let posing = made.expose().replace("phs_", "phr_");
        let posing = Token::read(Kind::Refresh, &posing).unwrap();
        assert!(!posing.is_of(&secret, &at_first).unwrap());
    }

    #[test]
    fn what_is_no_token_is_none() {
        let made = make(&Secret::new("s"), Kind::Refresh, &session(1, 1)).unwrap();
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
        let ends = |generation| access_ends(&session, generation).map(|at| at.timestamp() / 60);
        let expected = [(6, None), (5, Some(15)), (4, Some(5)), (3, None)];
        assert_eq!(expected.map(|(n, _)| (n, ends(n))), expected);
    }
}
