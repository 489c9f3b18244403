//! Documents by their SHA-256, as clients send them in `extensions.persistedQuery` (Apollo's wire
//! format): those of `api/operations` are always known, others once a client sent them with their hash.
//!
//! What is learned lies in this process's memory and nowhere else: a client whose hash is not known
//! sends the document again by protocol, so that losing it costs one round trip and no request needs
//! the database for it.

use std::{
    collections::HashMap,
    fmt::Write,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use async_graphql::{Request, Value};
use lru::LruCache;
use posthaste_core::{Error, ErrorCode, Result};
use sha2::{Digest, Sha256};

use crate::config::Documents as Policy;

/// The documents of `api/operations` by hash; generated.
const MANIFEST: &str = include_str!("../../operations/manifest.json");

/// Most documents that are learned; the one that was not used for longest goes first.
const LEARNED: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

/// Largest document that is learned, in bytes: 32 MiB altogether.
const LARGEST: usize = 32 << 10;

/// The documents that a server knows, and which it takes.
pub struct Documents {
    registered: HashMap<String, String>,
    learned: Mutex<LruCache<String, String>>,
    policy: Policy,
}

/// Who sends a document.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// The request has an `Origin` header.
    pub is_browser: bool,
    /// The request has a valid credential.
    pub is_known: bool,
}

impl Documents {
    /// Those of `api/operations`; `policy` says who may send others.
    pub fn new(policy: Policy) -> Self {
        Self {
            // The test below reads the same text.
            registered: serde_json::from_str(MANIFEST).unwrap_or_default(),
            learned: Mutex::new(LruCache::new(LEARNED)),
            policy,
        }
    }

    /// The names of the operations of `api/operations`; each document holds one.
    pub fn operations(&self) -> impl Iterator<Item = String> + '_ {
        self.registered.values().filter_map(|document| {
            let document = async_graphql::parser::parse_query(document).ok()?;
            let (name, _) = document.operations.iter().next()?;
            name.map(ToString::to_string)
        })
    }

    /// Puts the document in if only its hash was sent, and refuses one that the sender may not send.
    pub fn resolve(&self, request: &mut Request, sender: Sender) -> Result<()> {
        let Some(hash) = persisted(request)? else {
            return self.admit(sender, || hash_of(&request.query));
        };
        if request.query.is_empty() {
            request.query = self.find(&hash, sender)?;
            return Ok(());
        }
        if hash_of(&request.query) != hash {
            let message = "The hash is not the SHA-256 of the document sent with it.";
            return Err(at_hash(Error::new(ErrorCode::InvalidInput, message)));
        }
        self.admit(sender, || hash.clone())?;
        if sender.is_known && !self.registered.contains_key(&hash) {
            self.learn(hash, request);
        }
        Ok(())
    }

    fn restricts(&self, sender: Sender) -> bool {
        sender.is_browser && self.policy == Policy::RegisteredFromBrowsers
    }

    fn admit(&self, sender: Sender, hash: impl FnOnce() -> String) -> Result<()> {
        if !self.restricts(sender) || self.registered.contains_key(&hash()) {
            return Ok(());
        }
        let code = ErrorCode::DocumentNotRegistered;
        Err(Error::new(code, code.title()))
    }

    fn find(&self, hash: &str, sender: Sender) -> Result<String> {
        if let Some(document) = self.registered.get(hash) {
            return Ok(document.clone());
        }
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        match learned.get(hash) {
            Some(document) if !self.restricts(sender) => Ok(document.clone()),
            // Clients look for this very message.
            _ => Err(Error::new(
                ErrorCode::PersistedQueryNotFound,
                "PersistedQueryNotFound",
            )),
        }
    }

    /// Only what can be parsed, and only from those who may ask for anything at all.
    fn learn(&self, hash: String, request: &Request) {
        let document = &request.query;
        if document.len() <= LARGEST && async_graphql::parser::parse_query(document).is_ok() {
            let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
            learned.put(hash, document.clone());
        }
    }
}

/// The hash in `extensions.persistedQuery`, if the request has one.
fn persisted(request: &Request) -> Result<Option<String>> {
    let Some(extension) = request.extensions.get("persistedQuery") else {
        return Ok(None);
    };
    let Value::Object(fields) = extension else {
        return Err(at_hash(bad("persistedQuery is an object.")));
    };
    if !matches!(fields.get("version"), Some(Value::Number(version)) if version.as_u64() == Some(1))
    {
        return Err(at_hash(bad("Only version 1 of persistedQuery is known.")));
    }
    match fields.get("sha256Hash") {
        Some(Value::String(hash))
            if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            Ok(Some(hash.to_ascii_lowercase()))
        }
        _ => Err(at_hash(bad("sha256Hash is 64 hexadecimal digits."))),
    }
}

fn bad(message: &str) -> Error {
    Error::new(ErrorCode::InvalidInput, message)
}

fn at_hash(error: Error) -> Error {
    error.at(["extensions", "persistedQuery"])
}

fn hash_of(document: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(document) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: Sender = Sender {
        is_browser: false,
        is_known: true,
    };

    fn request(document: &str, hash: &str) -> Request {
        let mut request = Request::new(document);
        let extension = serde_json::json!({ "version": 1, "sha256Hash": hash });
        request.extensions.insert(
            "persistedQuery".into(),
            Value::from_json(extension).unwrap(),
        );
        request
    }

    fn code(outcome: Result<()>) -> ErrorCode {
        outcome.unwrap_err().code
    }

    #[test]
    fn the_manifest_holds_documents_by_their_hash() {
        let documents = Documents::new(Policy::Any);
        assert!(!documents.registered.is_empty());
        for (hash, document) in &documents.registered {
            assert_eq!(*hash, hash_of(document));
        }
    }

    #[test]
    fn a_document_is_known_once_it_was_sent_with_its_hash() {
        let documents = Documents::new(Policy::Any);
        let document = "{ viewer { role } }";
        let hash = hash_of(document);
        let unknown = documents.resolve(&mut request("", &hash), PROGRAM);
        assert_eq!(code(unknown), ErrorCode::PersistedQueryNotFound);
        let stranger = Sender {
            is_known: false,
            ..PROGRAM
        };
        documents
            .resolve(&mut request(document, &hash), stranger)
            .unwrap();
        assert!(documents.resolve(&mut request("", &hash), PROGRAM).is_err());
        documents
            .resolve(&mut request(document, &hash.to_uppercase()), PROGRAM)
            .unwrap();
        let mut short = request("", &hash);
        documents.resolve(&mut short, stranger).unwrap();
        assert_eq!(short.query, document);
    }

    #[test]
    fn a_hash_of_something_else_and_nonsense_are_refused_and_not_learned() {
        let documents = Documents::new(Policy::Any);
        let hash = hash_of("{ b }");
        for (document, hash) in [("{ a }", hash.as_str()), ("{ a }", "abc"), ("", "")] {
            let outcome = documents.resolve(&mut request(document, hash), PROGRAM);
            assert_eq!(code(outcome), ErrorCode::InvalidInput);
        }
        let broken = "{ a ";
        let hash = hash_of(broken);
        documents
            .resolve(&mut request(broken, &hash), PROGRAM)
            .unwrap();
        assert!(documents.resolve(&mut request("", &hash), PROGRAM).is_err());
    }

    #[test]
    fn the_least_used_document_is_forgotten_first() {
        let documents = Documents::new(Policy::Any);
        let text = |n: usize| format!("{{ a{n} }}");
        for n in 0..=LEARNED.get() {
            let document = text(n);
            documents
                .resolve(&mut request(&document, &hash_of(&document)), PROGRAM)
                .unwrap();
        }
        let ask = |n: usize| documents.resolve(&mut request("", &hash_of(&text(n))), PROGRAM);
        assert_eq!(code(ask(0)), ErrorCode::PersistedQueryNotFound);
        ask(1).unwrap();
    }

    #[test]
    fn browsers_may_be_held_to_registered_documents() {
        let documents = Documents::new(Policy::RegisteredFromBrowsers);
        let browser = Sender {
            is_browser: true,
            is_known: true,
        };
        let own = "{ viewer { role } }";
        let hash = hash_of(own);
        for mut sent in [Request::new(own), request(own, &hash)] {
            let outcome = documents.resolve(&mut sent, browser);
            assert_eq!(code(outcome), ErrorCode::DocumentNotRegistered);
            documents.resolve(&mut sent, PROGRAM).unwrap();
        }
        // A program made it known; that does not register it.
        let outcome = documents.resolve(&mut request("", &hash), browser);
        assert_eq!(code(outcome), ErrorCode::PersistedQueryNotFound);
        let (hash, registered) = documents.registered.iter().next().unwrap();
        documents
            .resolve(&mut Request::new(registered), browser)
            .unwrap();
        documents.resolve(&mut request("", hash), browser).unwrap();
    }
}
