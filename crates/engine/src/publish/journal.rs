use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
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
use super::redact::{
    Secrets, address, answered, clean, clean_value, limits, request_id, sent, without_nul,
};

/// Collects the steps of one try; they are written with the next change of state.
#[derive(Clone)]
pub(super) struct Journal {
    clock: Arc<dyn Clock>,
    steps: Arc<Mutex<Vec<NewStep>>>,
    exhausted: Arc<Mutex<Option<Exhausted>>>,
    said: Arc<Mutex<Vec<LimitReading>>>,
    health: Arc<Mutex<Health>>,
    accepted: Arc<AtomicU32>,
}

impl Journal {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            steps: Arc::default(),
            exhausted: Arc::default(),
            said: Arc::default(),
            health: Arc::new(Mutex::new(Health::Unasked)),
            accepted: Arc::default(),
        }
    }

    /// Adds a step, without characters that PostgreSQL or a terminal would not take.
    pub fn note(&self, kind: &'static str, message: impl Into<String>, detail: Value) {
        let step = NewStep {
            at: self.clock.now(),
            kind,
            message: clean(&message.into()),
            detail: clean_value(detail),
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

    /// How many requests the network took so far in this try, and with them the token.
    pub fn accepted(&self) -> u32 {
        self.accepted.load(Ordering::Relaxed)
    }

    fn heard(&self, answer: &Result<Response, TransportError>) {
        if answer.as_ref().is_ok_and(Response::is_success) {
            self.accepted.fetch_add(1, Ordering::Relaxed);
        }
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

/// Notes every request to a network and its answer as [`super::redact`] allows, and takes care that nothing
/// a connector reads from an answer has a NUL in it.
pub(super) struct NotedHttp {
    pub inner: Arc<dyn Http>,
    pub journal: Journal,
    pub connector: &'static dyn Connector,
}

#[async_trait]
impl Http for NotedHttp {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let secrets = Secrets::of(&request);
        let name = format!("{} {}", request.method.as_str(), address(&request.url));
        let mut detail = json!({ "request": name, "sent": sent(&request, &secrets) });
        if request.once {
            detail["visible"] = json!(true);
        }
        let began = Instant::now();
        let answer = match self.inner.send(request).await {
            Ok(response) => Ok(Response {
                body: without_nul(response.body),
                ..response
            }),
            Err(TransportError::NotSent(why)) => Err(TransportError::NotSent(clean(&why))),
            Err(TransportError::NoAnswer(why)) => Err(TransportError::NoAnswer(clean(&why))),
        };
        self.journal.heard(&answer);
        let millis = began.elapsed().as_millis() as u64;
        detail["milliseconds"] = json!(millis);
        let result = match &answer {
            Ok(response) => {
                detail["status"] = json!(response.status);
                detail["bytes"] = json!(response.body.len());
                detail["answer"] = answered(response, &secrets);
                detail["requestId"] = json!(request_id(response, &secrets));
                detail["limits"] = limits(response, &secrets);
                format!("answered {} after {millis} ms", response.status)
            }
            Err(error) => {
                let error = secrets.hide(&error.to_string());
                detail["error"] = json!(error);
                error
            }
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

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use posthaste_core::{
        Network,
        ports::{FrozenClock, ScriptedHttp},
        secret::Secret,
    };

    use super::*;

    fn noted(answer: Result<Response, TransportError>) -> NotedHttp {
        NotedHttp {
            inner: Arc::new(ScriptedHttp::new([answer])),
            journal: Journal::new(Arc::new(FrozenClock::new(DateTime::UNIX_EPOCH))),
            connector: posthaste_connectors::connector(Network::X),
        }
    }

    #[tokio::test]
    async fn an_exchange_is_noted_without_its_token_and_nothing_read_from_it_has_a_nul() {
        let http = noted(ScriptedHttp::json(
            403,
            json!({ "detail": "No\0 for a-secret.", "id": "1\0" }),
        ));
        let request = Request::post("https://api.x.com/2/tweets?x=1")
            .bearer(&Secret::new("a-secret"))
            .json(json!({ "text": "Hello" }))
            .once();
        let answer = http.send(request).await.unwrap();
        assert_eq!(
            answer.json(),
            json!({ "detail": "No  for a-secret.", "id": "1 " })
        );
        let mut steps = http.journal.take();
        let step = steps.pop().unwrap();
        assert!(steps.is_empty());
        assert!(
            step.message
                .starts_with("POST https://api.x.com/2/tweets: answered 403 after "),
            "{}",
            step.message
        );
        let told = |name: &str| step.detail[name].clone();
        assert_eq!(told("visible"), json!(true));
        assert_eq!(told("sent"), json!({ "json": { "text": "5 characters" } }));
        assert_eq!(told("answer")["detail"], json!("No  for …."));
        assert_eq!(told("status"), json!(403));
    }

    #[tokio::test]
    async fn what_was_not_answered_is_noted_too() {
        let error = TransportError::NoAnswer("reset by a-secret\0".to_owned());
        let http = noted(Err(error));
        let request = Request::get("https://api.x.com/2/users/me").bearer(&Secret::new("a-secret"));
        assert!(http.send(request).await.is_err());
        let step = http.journal.take().remove(0);
        assert_eq!(
            step.message,
            "GET https://api.x.com/2/users/me: no answer: reset by … "
        );
        assert_eq!(step.detail["error"], json!("no answer: reset by … "));
    }
}
