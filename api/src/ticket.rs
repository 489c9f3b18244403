//! What becomes known about a request on its way, and its line in the request log at the end.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use chrono::{DateTime, Utc};
use posthaste_core::{
    ErrorCode,
    ids::LoggedRequestId,
    request::{RequestKind, Transport},
};
use posthaste_engine::{Actor, App, telemetry::OperationAnswer};
use posthaste_store::request_log::LoggedRequest;

/// Longest name of an operation, and of a program, that is kept.
const LONGEST: usize = 200;

/// A request on its way: whoever learns something about it says so. Its line is written when the last
/// holder lets go, unless nobody's credential came with it. The default one is of no request.
#[derive(Clone, Default)]
pub struct Ticket(Option<Arc<Draft>>);

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket")
    }
}

struct Draft {
    app: App,
    begun: Instant,
    at: DateTime<Utc>,
    request_id: String,
    address: Option<String>,
    user_agent: Option<String>,
    facts: Mutex<Facts>,
}

/// What is learned on the way.
#[derive(Clone)]
struct Facts {
    actor: Option<Actor>,
    transport: Transport,
    kind: RequestKind,
    operation: String,
    root_fields: Vec<String>,
    status: u16,
    error: Option<ErrorCode>,
    cost: Option<i32>,
}

/// Where a request comes from, by its own words or the socket's.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The address.
    pub address: Option<String>,
    /// The program.
    pub user_agent: Option<String>,
}

/// What a GraphQL document asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Query, mutation or subscription.
    pub kind: RequestKind,
    /// The operation's name, or its root fields.
    pub operation: String,
    /// The root fields.
    pub root_fields: Vec<String>,
}

impl Ticket {
    /// A request over HTTP; `route` is its method and path without ids.
    pub fn new(app: &App, request_id: &str, route: String, origin: Origin) -> Self {
        Self(Some(Arc::new(Draft {
            app: app.clone(),
            begun: Instant::now(),
            at: app.now(),
            request_id: request_id.to_owned(),
            address: origin.address,
            user_agent: origin.user_agent.map(shortened),
            facts: Mutex::new(Facts {
                actor: None,
                transport: Transport::Http,
                kind: RequestKind::Rest,
                operation: route,
                root_fields: Vec::new(),
                status: 200,
                error: None,
                cost: None,
            }),
        })))
    }

    /// One of the operations on a WebSocket, which was this ticket's request.
    pub fn on_socket(&self) -> Self {
        let Some(socket) = &self.0 else {
            return Self::default();
        };
        let facts = Facts {
            transport: Transport::WebSocket,
            kind: RequestKind::Unreadable,
            operation: UNREADABLE.to_owned(),
            ..socket.facts().clone()
        };
        Self(Some(Arc::new(Draft {
            app: socket.app.clone(),
            begun: Instant::now(),
            at: socket.app.now(),
            request_id: socket.request_id.clone(),
            address: socket.address.clone(),
            user_agent: socket.user_agent.clone(),
            facts: Mutex::new(facts),
        })))
    }

    /// It is GraphQL; what it asks for is told by [`Ticket::asks`].
    pub fn is_graphql(&self) {
        self.note(|facts| {
            facts.kind = RequestKind::Unreadable;
            UNREADABLE.clone_into(&mut facts.operation);
        });
    }

    /// Whose it is.
    pub fn belongs_to(&self, actor: &Actor) {
        self.note(|facts| facts.actor = Some(actor.clone()));
    }

    /// What it asks for.
    pub fn asks(&self, asked: Asked) {
        self.note(|facts| {
            facts.kind = asked.kind;
            facts.operation = shortened(asked.operation);
            facts.root_fields = asked.root_fields;
        });
    }

    /// Its answer goes on as server-sent events.
    pub fn streams(&self) {
        self.note(|facts| facts.transport = Transport::Sse);
    }

    /// Its status.
    pub fn status(&self, status: u16) {
        self.note(|facts| facts.status = status);
    }

    /// An error of its answer; the first one counts. `nothing` was executed: over a WebSocket that is
    /// told by no status, so the one of the code is taken.
    pub fn failed(&self, code: ErrorCode, nothing: bool) {
        self.note(|facts| {
            facts.error = facts.error.or(Some(code));
            if nothing && facts.transport == Transport::WebSocket {
                facts.status = code.http_status();
            }
        });
    }

    /// What it cost.
    pub fn cost(&self, cost: i32) {
        self.note(|facts| facts.cost = Some(cost));
    }

    fn note(&self, change: impl FnOnce(&mut Facts)) {
        if let Some(draft) = &self.0 {
            change(&mut draft.facts());
        }
    }
}

/// The operation of a document that could not be read.
const UNREADABLE: &str = "(unreadable)";

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    text
}

impl Draft {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let facts = self.facts().clone();
        if facts.kind != RequestKind::Rest {
            self.app.telemetry.operation(&OperationAnswer {
                name: &facts.operation,
                kind: facts.kind,
                error: facts.error,
                took: self.begun.elapsed(),
            });
        }
        let Some(actor) = facts.actor else {
            return;
        };
        let millis = self.begun.elapsed().as_millis();
        self.app.requests.record(LoggedRequest {
            id: LoggedRequestId::new(&*self.app.clock, &*self.app.random),
            workspace_id: actor.workspace,
            request_id: std::mem::take(&mut self.request_id),
            at: self.at,
            credential: actor.provenance.credential(),
            transport: facts.transport,
            kind: facts.kind,
            operation: facts.operation,
            root_fields: facts.root_fields,
            status: i16::try_from(facts.status).unwrap_or(i16::MAX),
            error_code: facts.error.map(|code| code.as_str().to_owned()),
            duration_ms: i32::try_from(millis).unwrap_or(i32::MAX),
            cost: facts.cost,
            address: self.address.take(),
            user_agent: self.user_agent.take(),
        });
    }
}
