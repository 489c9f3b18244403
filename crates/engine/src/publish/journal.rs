use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use async_trait::async_trait;
use posthaste_core::{
    connector::{Connector, Exhausted, LimitReading},
    ports::{Clock, Http, Request, Response, TransportError},
};
use posthaste_store::timeline::NewStep;
use serde_json::{Value, json};

use super::attempt::Health;

/// Collects the steps of one try; they are written with the next change of state.
#[derive(Clone)]
pub(super) struct Journal {
    clock: Arc<dyn Clock>,
    steps: Arc<Mutex<Vec<NewStep>>>,
    exhausted: Arc<Mutex<Option<Exhausted>>>,
    said: Arc<Mutex<Vec<LimitReading>>>,
    health: Arc<Mutex<Health>>,
}

impl Journal {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            steps: Arc::default(),
            exhausted: Arc::default(),
            said: Arc::default(),
            health: Arc::new(Mutex::new(Health::Unasked)),
        }
    }

    pub fn note(&self, kind: &'static str, message: impl Into<String>, detail: Value) {
        let step = NewStep {
            at: self.clock.now(),
            kind,
            message: message.into(),
            detail,
        };
        self.steps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(step);
    }

    fn limited(&self, found: Option<Exhausted>) {
        if found.is_some() {
            *self
                .exhausted
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = found;
        }
    }

    /// The limit of which the networks' headers said that nothing is left.
    pub fn exhausted(&self) -> Option<Exhausted> {
        *self
            .exhausted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What the networks' headers said about limits of posts.
    pub fn said(&self) -> Vec<LimitReading> {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How the network itself does, by its last answer: what it says about one post or one account, a
    /// refusal or a picture that it could not fetch, says nothing about it.
    pub fn health(&self) -> Health {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self, answer: &Result<Response, TransportError>) {
        let health = match answer {
            Ok(response) if response.status < 500 => Health::Well,
            Ok(_) | Err(_) => Health::Ill,
        };
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    /// The steps since the last call.
    pub fn take(&self) -> Vec<NewStep> {
        std::mem::take(&mut *self.steps.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Notes every request to a network and its answer; tokens never (only the path is kept).
pub(super) struct NotedHttp {
    pub inner: Arc<dyn Http>,
    pub journal: Journal,
    pub connector: &'static dyn Connector,
}

#[async_trait]
impl Http for NotedHttp {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let name = format!("{} {}", request.method.as_str(), request.url);
        let began = Instant::now();
        let answer = self.inner.send(request).await;
        self.journal.heard(&answer);
        let millis = began.elapsed().as_millis() as u64;
        let (result, detail) = match &answer {
            Ok(response) => (
                format!("answered {}", response.status),
                json!({ "request": name, "status": response.status, "milliseconds": millis, "bytes": response.body.len() }),
            ),
            Err(error) => (
                error.to_string(),
                json!({ "request": name, "error": error.to_string(), "milliseconds": millis }),
            ),
        };
        self.journal
            .note("REQUEST", format!("{name}: {result}"), detail);
        if let Ok(response) = &answer {
            self.journal
                .limited(self.connector.exhausted(response, self.journal.clock.now()));
            self.journal
                .said
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(self.connector.limits(response));
        }
        answer
    }
}
