//! Endpoints that answer as they are told, behind the Http port.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use posthaste_core::ports::{Body, Http, Request, Response, TransportError};
use serde_json::Value;
use tokio::sync::Notify;

/// A host that is told to hang answers once it is released, with 500.
const HANG: u16 = 0;

#[derive(Default)]
pub struct Receiver {
    answers: Mutex<HashMap<String, u16>>,
    retry_after: Mutex<Option<String>>,
    asked: Mutex<Vec<Request>>,
    arrived: Notify,
    release: Notify,
}

impl Receiver {
    /// From now on this host answers so; 200 before.
    pub fn answers(&self, host: &str, status: u16) {
        self.answers.lock().unwrap().insert(host.to_owned(), status);
    }

    /// From now on every answer asks to wait so.
    pub fn asks_to_wait(&self, retry_after: &str) {
        *self.retry_after.lock().unwrap() = Some(retry_after.to_owned());
    }

    /// From now on this host does not answer until [`Receiver::release`].
    pub fn hangs(&self, host: &str) {
        self.answers(host, HANG);
    }

    /// Lets the requests that hang at this moment be answered with 500.
    pub fn release(&self) {
        self.release.notify_waiters();
    }

    pub fn asked(&self) -> MutexGuard<'_, Vec<Request>> {
        self.asked.lock().unwrap()
    }

    /// How many requests a host got.
    pub fn count(&self, host: &str) -> usize {
        let of = |request: &&Request| host_of(request) == host;
        self.asked().iter().filter(of).count()
    }

    /// Waits until a host got so many requests.
    pub async fn until(&self, host: &str, count: usize) {
        loop {
            let arrived = self.arrived.notified();
            if self.count(host) >= count {
                return;
            }
            arrived.await;
        }
    }
}

fn host_of(request: &Request) -> String {
    let rest = request.url.strip_prefix("https://").unwrap();
    rest.split('/').next().unwrap().to_owned()
}

/// A header of a request.
pub fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let found = request.headers.iter().find(|(key, _)| key == name);
    &found.unwrap().1
}

/// The text of a request's body.
pub fn text(request: &Request) -> &str {
    let Body::RawJson(bytes) = &request.body else {
        panic!("{:?}", request.body);
    };
    std::str::from_utf8(bytes).unwrap()
}

/// A request's body.
pub fn json(request: &Request) -> Value {
    serde_json::from_str(text(request)).unwrap()
}

#[async_trait]
impl Http for Receiver {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let host = host_of(&request);
        let release = self.release.notified();
        self.asked().push(request);
        let told = self.answers.lock().unwrap().get(&host).copied();
        self.arrived.notify_waiters();
        let status = match told.unwrap_or(200) {
            HANG => {
                release.await;
                500
            }
            status => status,
        };
        let wait = self.retry_after.lock().unwrap().clone();
        let header = wait.map(|wait| ("retry-after".to_owned(), wait));
        Ok(Response {
            status,
            headers: header.into_iter().collect(),
            body: format!("answer {status}").into(),
        })
    }
}
