//! Typed ids: a readable prefix and a UUIDv7, written as a TypeID (`post_01h455vb4pex5vsknk084sn02q`).
//!
//! Format: <https://github.com/jetify-com/typeid/tree/main/spec> (Crockford base32, 26 characters).
//! Adding a kind of entity means adding one line to `ids!` below.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::{Error, ErrorCode},
    ports::{Clock, Random},
};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn encode(uuid: Uuid) -> String {
    let value = uuid.as_u128();
    (0..26)
        .rev()
        .map(|digit| char::from(ALPHABET[(value >> (digit * 5)) as usize & 31]))
        .collect()
}

fn decode(suffix: &str) -> Option<Uuid> {
    // 26 digits carry 130 bits: a first digit above 7 would overflow the 128 of a UUID.
    if suffix.len() != 26 || suffix.as_bytes()[0] > b'7' {
        return None;
    }
    suffix
        .bytes()
        .try_fold(0u128, |value, byte| {
            let digit = ALPHABET.iter().position(|&letter| letter == byte)?;
            Some(value << 5 | digit as u128)
        })
        .map(Uuid::from_u128)
}

/// Makes a UUIDv7 from the ports (RFC 9562, section 5.7).
pub fn new_uuid(clock: &dyn Clock, random: &dyn Random) -> Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let millis = clock.now().timestamp_millis().max(0) as u64;
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// The smallest UUIDv7 that can have been made at an instant: whatever is older is smaller.
pub fn earliest_uuid(at: DateTime<Utc>) -> Uuid {
    Uuid::from_u128((at.timestamp_millis().max(0) as u128) << 80)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
            #[serde(try_from = "String", into = "String")]
            pub struct $name(Uuid);

            impl $name {
                /// The prefix before the underscore.
                pub const PREFIX: &'static str = $prefix;

                /// A new id whose time part comes from `clock`.
                pub fn new(clock: &dyn Clock, random: &dyn Random) -> Self {
                    Self(new_uuid(clock, random))
                }

                /// The UUID behind the id, as the database stores it.
                pub fn uuid(self) -> Uuid {
                    self.0
                }
            }

            impl From<Uuid> for $name {
                fn from(uuid: Uuid) -> Self {
                    Self(uuid)
                }
            }

            impl From<$name> for Uuid {
                fn from(id: $name) -> Self {
                    id.0
                }
            }

            impl From<$name> for String {
                fn from(id: $name) -> Self {
                    id.to_string()
                }
            }

            impl TryFrom<String> for $name {
                type Error = Error;
                fn try_from(text: String) -> Result<Self, Error> {
                    text.parse()
                }
            }

            impl FromStr for $name {
                type Err = Error;
                fn from_str(text: &str) -> Result<Self, Error> {
                    text.strip_prefix(concat!($prefix, "_")).and_then(decode).map(Self).ok_or_else(|| {
                        Error::new(ErrorCode::InvalidId, format!(
                            "'{}' is not an id of this kind; one looks like {}_01h455vb4pex5vsknk084sn02q.",
                            text.chars().take(60).collect::<String>(), $prefix,
                        ))
                    })
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{}_{}", $prefix, encode(self.0))
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(self, f)
                }
            }
        )*

        /// Every prefix, so that a node id can be told apart (and tests can see that none repeats).
        pub const PREFIXES: &[&str] = &[$($prefix),*];
    };
}

ids! {
    /// A workspace, the tenant that owns everything else.
    WorkspaceId = "ws";
    /// A person who can sign in.
    UserId = "user";
    /// An API key.
    ApiKeyId = "key";
    /// An app of others.
    OauthAppId = "app";
    /// What a person lets an app do in a workspace.
    OauthGrantId = "ogr";
    /// A role that a workspace made.
    RoleId = "role";
    /// Somebody who is asked to become a member.
    InvitationId = "inv";
    /// A group of members.
    TeamId = "team";
    /// A signed-in session of a person.
    SessionId = "ses";
    /// A passkey of a person.
    PasskeyId = "pky";
    /// What an authenticator was asked to sign.
    PasskeyCeremonyId = "pkc";
    /// An identity at a provider that a person signs in with.
    IdentityId = "idn";
    /// An OAuth consent on its way: state, verifier, and later the accounts it opened.
    GrantId = "grant";
    /// An account on a network that the workspace may publish to.
    ConnectionId = "conn";
    /// An uploaded picture or video.
    MediaId = "media";
    /// What a person wrote, with its variants.
    PostId = "post";
    /// One post × one connection: the unit of publishing.
    TargetId = "target";
    /// One try at a target.
    AttemptId = "att";
    /// One row of the event log.
    EventId = "evt";
    /// One running process of the server.
    NodeId = "node";
    /// One line of the request log.
    LoggedRequestId = "lreq";
    /// An address that events are sent to.
    WebhookEndpointId = "whk";
    /// One event on its way to an endpoint.
    WebhookDeliveryId = "whd";
    /// A bulk job.
    JobId = "job";
    /// A mail to a person.
    MailId = "mail";
    /// What looks like an attack.
    IncidentId = "inc";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_vector_of_the_typeid_specification_round_trips() {
        let uuid = Uuid::parse_str("01890a5d-ac96-774b-bcce-b302099a8057").unwrap();
        let id = PostId::from(uuid);
        assert_eq!(id.to_string(), "post_01h455vb4pex5vsknk084sn02q");
        assert_eq!(
            "post_01h455vb4pex5vsknk084sn02q".parse::<PostId>().unwrap(),
            id
        );
    }

    #[test]
    fn ids_are_ordered_by_their_time() {
        let clock = crate::ports::FrozenClock::new(
            DateTime::from_timestamp(1_800_000_000, 123_000_000).unwrap(),
        );
        let random = crate::ports::SeededRandom::new(1);
        let id = new_uuid(&clock, &random);
        let at = clock.now();
        assert!(earliest_uuid(at) < id);
        assert!(earliest_uuid(at + chrono::TimeDelta::milliseconds(1)) > id);
    }

    #[test]
    fn other_prefixes_bad_letters_and_overflow_are_refused() {
        for text in [
            "media_01h455vb4pex5vsknk084sn02q",
            "post_01h455vb4pex5vsknk084sn02u",
            "post_81h455vb4pex5vsknk084sn02q",
            "post_01h455vb4pex5vsknk084sn02",
            "01h455vb4pex5vsknk084sn02q",
            "post_",
            "",
            "post_01H455VB4PEX5VSKNK084SN02Q",
            "post_é1h455vb4pex5vsknk084sn02",
        ] {
            assert_eq!(
                text.parse::<PostId>().unwrap_err().code,
                ErrorCode::InvalidId,
                "{text}"
            );
        }
    }

    #[test]
    fn no_prefix_stands_for_two_kinds() {
        let mut sorted = PREFIXES.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), PREFIXES.len());
    }
}
