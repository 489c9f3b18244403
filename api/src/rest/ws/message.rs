use async_graphql::{Request, ServerError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::rest::graphql::Shown;

/// What a client may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message.
    ConnectionInit {
        /// May hold `authorization`.
        payload: Option<Map<String, Value>>,
    },
    /// Are you there?
    Ping {
        /// Anything.
        #[serde(default)]
        #[expect(dead_code, reason = "accepted, and of no meaning")]
        payload: Option<Value>,
    },
    /// I am here.
    Pong {
        /// Anything.
        #[serde(default)]
        #[expect(dead_code, reason = "accepted, and of no meaning")]
        payload: Option<Value>,
    },
    /// Begin an operation.
    Subscribe {
        /// The client's name for it.
        id: String,
        /// The operation.
        payload: Box<Request>,
    },
    /// End an operation.
    Complete {
        /// Its name.
        id: String,
    },
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The connection is open.
    ConnectionAck,
    /// Are you there?
    Ping,
    /// I am here.
    Pong,
    /// A result.
    Next {
        /// The operation.
        id: String,
        /// The result.
        payload: Box<Shown>,
    },
    /// The operation could not be executed; it is over.
    Error {
        /// The operation.
        id: String,
        /// GraphQL errors.
        payload: Vec<ServerError>,
    },
    /// The operation is over.
    Complete {
        /// The operation.
        id: String,
    },
}

/// Why the server ends a connection (the protocol's own codes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// A message that makes no sense.
    BadMessage = 4400,
    /// An operation before the handshake.
    Unauthorized = 4401,
    /// The credential is not valid, or no longer.
    Forbidden = 4403,
    /// No `connection_init` within the time.
    InitTimeout = 4408,
    /// An operation's name is in use.
    DuplicateId = 4409,
    /// A second `connection_init`, or too many operations.
    TooMany = 4429,
    /// The credential cannot be checked now (RFC 6455's registry).
    TryAgain = 1013,
    /// The server stops, or hands its work over (RFC 6455, 7.4.1): another one goes on.
    GoingAway = 1001,
}

impl Close {
    /// The reason as the protocol words it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::BadMessage => "Invalid message received",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::InitTimeout => "Connection initialisation timeout",
            Self::DuplicateId => "Subscriber already exists",
            Self::TooMany => "Too many initialisation requests or operations",
            Self::TryAgain => "Try again later",
            Self::GoingAway => "Going away, connect again",
        }
    }
}
