//! The audit log: acts that concern security, in chains of hashes that show every later change.
//!
//! Each workspace has a chain, and the server one. `hash = SHA-256(hash of the entry before || canonical JSON
//! of this one)`, 32 zero bytes before the first. Names and other details stand in the chain only as a
//! salted hash, so that they can be erased and the chain still holds. Canonical JSON has keys sorted by their
//! bytes, no spaces, characters as UTF-8 with the short escapes of RFC 8259, and times as RFC 3339 with six digits.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Provenance, event::EventType, ids::WorkspaceId};

/// A hash of a chain.
pub type Hash = [u8; 32];

/// What stands before the first entry.
pub const START: Hash = [0; 32];

/// The name of a chain: the workspace's id, or `server` for what was done to the server itself.
pub fn chain_name(workspace: Option<WorkspaceId>) -> String {
    workspace.map_or_else(|| "server".to_owned(), |id| id.to_string())
}

/// Whether what somebody did also stands in the audit log: everything but the daily work of publishing, and what
/// the server does by itself where only a person's doing concerns security.
pub fn is_audited(kind: EventType, by: &Provenance) -> bool {
    use EventType as E;
    match kind {
        E::ConnectionCreated
        | E::ConnectionUpdated
        | E::ConnectionRemoved
        | E::ApiKeyCreated
        | E::ApiKeyUpdated
        | E::ApiKeyRotated
        | E::ApiKeyRevoked
        | E::OauthAppCreated
        | E::OauthAppUpdated
        | E::OauthAppSecretRotated
        | E::OauthAppDeleted
        | E::OauthGrantCreated
        | E::OauthGrantRevoked
        | E::RoleCreated
        | E::RoleUpdated
        | E::RoleDeleted
        | E::InvitationCreated
        | E::InvitationResent
        | E::InvitationRevoked
        | E::MemberAdded
        | E::MemberUpdated
        | E::MemberRemoved
        | E::MemberLeft
        | E::TeamCreated
        | E::TeamUpdated
        | E::TeamDeleted
        | E::WorkspaceTransferred
        | E::WorkspaceDeleted
        | E::WorkspaceRestored
        | E::QuotaSettingsUpdated
        | E::SandboxReset
        | E::WebhookCreated
        | E::WebhookUpdated
        | E::WebhookDisabled
        | E::WebhookDeleted
        | E::IncidentOpened
        | E::IncidentUpdated
        | E::IncidentClosed => true,
        E::WebhookPaused | E::WebhookResumed => !matches!(by, Provenance::System),
        E::ConnectionReconnectRequired
        | E::ConnectionReauthorizationDue
        | E::MediaReady
        | E::MediaFailed
        | E::MediaDeleted
        | E::PostCreated
        | E::PostUpdated
        | E::PostDeleted
        | E::TargetScheduled
        | E::TargetAtRisk
        | E::TargetCancelled
        | E::TargetClaimed
        | E::TargetSending
        | E::TargetPublished
        | E::TargetRetrying
        | E::TargetUncertain
        | E::TargetHeld
        | E::TargetFailed
        | E::TargetDeleted
        | E::PublishingRecovered
        | E::BulkJobStarted
        | E::BulkJobFinished => false,
    }
}

/// An entry, as it is kept and exported: one JSON object for each line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// [`chain_name`].
    pub chain: String,
    /// Position, from 1, without gaps.
    pub seq: i64,
    /// When, in whole microseconds.
    #[serde(serialize_with = "write_time")]
    pub at: DateTime<Utc>,
    /// What: an [`EventType`], or the name of an act that is no event of a workspace.
    pub act: String,
    /// Who, as [`crate::Provenance::credential`].
    pub actor: String,
    /// The id of what it was done to.
    pub subject: Option<String>,
    /// More, by act; none once erased.
    pub detail: Option<Value>,
    /// The salt of the detail's hash; none once erased.
    #[serde(with = "digits_or_null")]
    pub salt: Option<Vec<u8>>,
    /// [`detail_hash`] of the detail, as it stands in the chain.
    #[serde(with = "digits")]
    pub detail_hash: Vec<u8>,
    /// The hash of this entry and all before it.
    #[serde(with = "digits")]
    pub hash: Vec<u8>,
}

impl Entry {
    /// What its hash must be behind `before`.
    pub fn hash_behind(&self, before: &[u8]) -> Hash {
        let linked = json!({
            "chain": self.chain,
            "seq": self.seq,
            "at": time(self.at),
            "act": self.act,
            "actor": self.actor,
            "subject": self.subject,
            "detailHash": crate::hex::encode(&self.detail_hash),
        });
        Sha256::new()
            .chain_update(before)
            .chain_update(canonical(&linked))
            .finalize()
            .into()
    }

    fn is_detail_whole(&self) -> bool {
        match (&self.detail, &self.salt) {
            (Some(detail), Some(salt)) => self.detail_hash == detail_hash(salt, detail),
            (None, None) => true,
            _ => false,
        }
    }
}

/// A detail as it is kept. The database gives back an equal value for everything but fractions, and has no way
/// to tell an empty value from none: fractions become texts, nothing an empty object.
pub fn kept(detail: &Value) -> Value {
    match detail {
        Value::Null => json!({}),
        other => without_fractions(other),
    }
}

fn without_fractions(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => Value::from(number.to_string()),
        Value::Array(values) => values.iter().map(without_fractions).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), without_fractions(value)))
            .collect(),
        plain => plain.clone(),
    }
}

/// The hash of an entry's detail under a salt of its own: without the salt nobody can try names.
pub fn detail_hash(salt: &[u8], detail: &Value) -> Hash {
    Sha256::new()
        .chain_update(salt)
        .chain_update(canonical(detail))
        .finalize()
        .into()
}

/// The first entry of a chain that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its position.
    pub seq: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} {}", self.seq, self.why)
    }
}

/// Compares a chain entry by entry, from its beginning.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// Entries that are whole.
    pub seq: i64,
    /// The hash of the last of them.
    pub hash: Vec<u8>,
    /// How many of them have their detail erased.
    pub erased: i64,
}

impl Default for Verifier {
    fn default() -> Self {
        Self {
            seq: 0,
            hash: START.to_vec(),
            erased: 0,
        }
    }
}

impl Verifier {
    /// Takes the next entry; fails when it is not the one that was written there.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Fault> {
        let seq = self.seq + 1;
        let fault = |why| Err(Fault { seq, why });
        if entry.seq != seq {
            return fault("is missing");
        }
        if entry.hash != entry.hash_behind(&self.hash) {
            return fault("was changed, or the one before it was");
        }
        if !entry.is_detail_whole() {
            return fault("has another detail than was written");
        }
        self.seq = seq;
        self.erased += i64::from(entry.detail.is_none());
        self.hash.clone_from(&entry.hash);
        Ok(())
    }

    /// Fails unless the chain ends where it is known to end: entries cut off its end leave no other trace.
    pub fn end(&self, seq: i64, hash: &[u8]) -> Result<(), Fault> {
        if self.seq < seq {
            let seq = self.seq + 1;
            return Err(Fault {
                seq,
                why: "is missing",
            });
        }
        if self.hash != hash {
            let why = "is not the last one that was written";
            return Err(Fault { seq, why });
        }
        Ok(())
    }
}

/// A value as text that is the same for equal values, whatever order its keys had.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value);
    text
}

fn write(text: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            let mut open = '{';
            for (name, value) in fields {
                text.push(open);
                open = ',';
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(text, value);
            }
            text.push_str(if open == '{' { "{}" } else { "}" });
        }
        Value::Array(values) => {
            let mut open = '[';
            for value in values {
                text.push(open);
                open = ',';
                write(text, value);
            }
            text.push_str(if open == '[' { "[]" } else { "]" });
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn write_time<S: serde::Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&time(*at))
}

/// Bytes as hexadecimal digits.
mod digits {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::hex;

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        hex::decode(&text).ok_or_else(|| D::Error::custom("not hexadecimal digits"))
    }
}

/// As [`digits`], or null.
mod digits_or_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::hex;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        bytes.as_deref().map(hex::encode).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let read = |text: String| {
            hex::decode(&text).ok_or_else(|| D::Error::custom("not hexadecimal digits"))
        };
        text.map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of a chain, each behind the one before.
    fn chain(count: i64) -> Vec<Entry> {
        let mut before = START.to_vec();
        let entry = |seq: i64| {
            let detail = json!({ "name": format!("Key {seq}") });
            let salt = vec![7; 16];
            let mut entry = Entry {
                chain: "server".to_owned(),
                seq,
                at: DateTime::UNIX_EPOCH,
                act: "api_key.created".to_owned(),
                actor: "system".to_owned(),
                subject: Some("key_1".to_owned()),
                detail_hash: detail_hash(&salt, &detail).to_vec(),
                detail: Some(detail),
                salt: Some(salt),
                hash: Vec::new(),
            };
            entry.hash = entry.hash_behind(&before).to_vec();
            before.clone_from(&entry.hash);
            entry
        };
        (1..=count).map(entry).collect()
    }

    fn verify(entries: &[Entry]) -> Result<Verifier, Fault> {
        let mut verifier = Verifier::default();
        entries.iter().try_for_each(|entry| verifier.take(entry))?;
        Ok(verifier)
    }

    fn fault_of(change: impl FnOnce(&mut Vec<Entry>)) -> (i64, &'static str) {
        let mut entries = chain(4);
        change(&mut entries);
        let fault = verify(&entries).unwrap_err();
        (fault.seq, fault.why)
    }

    #[test]
    fn canonical_json_has_sorted_keys_and_no_spaces() {
        let value =
            json!({ "b": [1, { "z": null, "a": "\n\"é" }], "a": true, "": 1.5, "c": {}, "d": [] });
        assert_eq!(
            canonical(&value),
            r#"{"":1.5,"a":true,"b":[1,{"a":"\n\"é","z":null}],"c":{},"d":[]}"#
        );
    }

    #[test]
    fn the_hash_is_what_the_documentation_says() {
        let mut entry = chain(1).remove(0);
        entry.detail_hash = vec![0xab; 2];
        let text = r#"{"act":"api_key.created","actor":"system","at":"1970-01-01T00:00:00.000000Z","chain":"server","detailHash":"abab","seq":1,"subject":"key_1"}"#;
        let by_hand: Hash = Sha256::new()
            .chain_update([0; 32])
            .chain_update(text)
            .finalize()
            .into();
        assert_eq!(entry.hash_behind(&START), by_hand);
    }

    #[test]
    fn every_change_of_an_entry_is_found_where_it_is() {
        let changed = "was changed, or the one before it was";
        let changes: [fn(&mut Entry); 7] = [
            |entry| entry.chain = "ws_1".to_owned(),
            |entry| entry.at += chrono::TimeDelta::microseconds(1),
            |entry| entry.act = "api_key.revoked".to_owned(),
            |entry| entry.actor = "key_2".to_owned(),
            |entry| entry.subject = None,
            |entry| entry.detail_hash[0] ^= 1,
            |entry| entry.hash[31] ^= 1,
        ];
        for change in changes {
            assert_eq!(fault_of(|entries| change(&mut entries[2])), (3, changed));
        }
        let detail = "has another detail than was written";
        let renamed = fault_of(|entries| entries[1].detail = Some(json!({ "name": "Other" })));
        assert_eq!(renamed, (2, detail));
        assert_eq!(fault_of(|entries| entries[1].salt = None), (2, detail));
    }

    #[test]
    fn entries_that_are_gone_or_in_another_order_are_found() {
        let gone = fault_of(|entries| drop(entries.remove(1)));
        assert_eq!(gone, (2, "is missing"));
        let swapped = fault_of(|entries| entries.swap(1, 2));
        assert_eq!(swapped, (2, "is missing"));
        let whole = chain(4);
        let end = &whole[3].hash;
        assert_eq!(verify(&whole).unwrap().end(4, end), Ok(()));
        let cut = verify(&whole[..2]).unwrap().end(4, end).unwrap_err();
        assert_eq!((cut.seq, cut.why), (3, "is missing"));
        let other = verify(&whole).unwrap().end(4, &START).unwrap_err();
        assert_eq!(
            other.to_string(),
            "entry 4 is not the last one that was written"
        );
    }

    #[test]
    fn an_erased_detail_leaves_the_chain_whole() {
        let mut entries = chain(3);
        entries[1].detail = None;
        entries[1].salt = None;
        let verifier = verify(&entries).unwrap();
        assert_eq!((verifier.seq, verifier.erased), (3, 1));
    }

    #[test]
    fn a_line_of_an_export_is_read_as_it_was_written() {
        let mut entry = chain(1).remove(0);
        for _ in 0..2 {
            let line = serde_json::to_string(&entry).unwrap();
            assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
            (entry.detail, entry.salt) = (None, None);
        }
    }

    #[test]
    fn what_people_do_to_webhooks_is_audited_and_what_they_do_by_themselves_is_not() {
        let person = Provenance::Person {
            user: uuid::Uuid::nil().into(),
        };
        for kind in [EventType::WebhookPaused, EventType::WebhookResumed] {
            assert!(is_audited(kind, &person));
            assert!(!is_audited(kind, &Provenance::System));
        }
    }

    #[test]
    fn a_detail_is_kept_without_what_the_database_would_change() {
        let detail = json!({ "a": [0.1, -0.0, 1e16, 7, null], "b": { "c": 2.5 } });
        let expected = json!({ "a": ["0.1", "-0.0", "1e+16", 7, null], "b": { "c": "2.5" } });
        assert_eq!(kept(&detail), expected);
        assert_eq!(kept(&Value::Null), json!({}));
    }
}
