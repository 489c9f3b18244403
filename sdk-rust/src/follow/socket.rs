//! One operation over one WebSocket, in the protocol graphql-transport-ws.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
        protocol::CloseFrame,
    },
};

use super::dropped;
use crate::{
    client::Client,
    error::{ApiError, Error, Result, TransportError},
    types::ErrorCode,
    wire::{self, Answer, GraphQlError},
};

/// The server asks every 30 seconds whether we are there; this long without a word means that it is not.
const SILENCE: Duration = Duration::from_secs(75);

/// Our name for the one operation of a connection.
const ID: &str = "1";

/// What the server says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    ConnectionAck,
    Ping,
    Pong,
    Next { payload: Answer },
    Error { payload: Vec<GraphQlError> },
    Complete,
}

/// What matters of it.
pub enum Event {
    /// A result.
    Next(Answer),
    /// There will be no more.
    Complete,
}

/// An open connection with its operation.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects, says who we are and begins the operation.
    pub async fn open(client: &Client, payload: Value) -> Result<Self> {
        let limit = client.parts.timeout;
        let opening = Self::connect(client, payload);
        timeout(limit, opening)
            .await
            .unwrap_or_else(|_| Err(dropped("the time for opening a WebSocket was up")))
    }

    async fn connect(client: &Client, payload: Value) -> Result<Self> {
        let mut url = client.endpoint("/graphql");
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // Between these schemes it always works.
        let _ = url.set_scheme(scheme);
        let mut request = url.as_str().into_client_request().map_err(explained)?;
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        let (stream, _) = connect_async(request).await.map_err(explained)?;
        let mut socket = Self(stream);
        let authorization = client.parts.auth.header().await?;
        let init =
            json!({ "type": "connection_init", "payload": { "authorization": authorization } });
        let init = if authorization.is_some() {
            init
        } else {
            json!({ "type": "connection_init" })
        };
        socket.say(&init).await?;
        loop {
            match socket.hear().await? {
                Said::ConnectionAck => break,
                Said::Ping => socket.say(&json!({ "type": "pong" })).await?,
                _ => {}
            }
        }
        let subscribe = json!({ "type": "subscribe", "id": ID, "payload": payload });
        socket.say(&subscribe).await?;
        Ok(socket)
    }

    /// The operation's next event.
    pub async fn next(&mut self) -> Result<Event> {
        loop {
            let said = timeout(SILENCE, self.hear())
                .await
                .unwrap_or_else(|_| Err(dropped("the server fell silent")))?;
            match said {
                Said::Next { payload } => return Ok(Event::Next(payload)),
                Said::Complete => return Ok(Event::Complete),
                Said::Error { payload } => return Err(first(payload)),
                Said::Ping => self.say(&json!({ "type": "pong" })).await?,
                Said::Pong | Said::ConnectionAck => {}
            }
        }
    }

    async fn say(&mut self, message: &Value) -> Result<()> {
        let message = Message::text(message.to_string());
        self.0.send(message).await.map_err(explained)
    }

    async fn hear(&mut self) -> Result<Said> {
        loop {
            let message = self.0.next().await;
            match message.ok_or_else(|| dropped("the connection ended"))? {
                Ok(Message::Text(text)) => {
                    return serde_json::from_str(&text)
                        .map_err(|error| Error::unexpected(error, None));
                }
                Ok(Message::Close(frame)) => return Err(closed(frame.as_ref())),
                Ok(_) => {}
                Err(error) => return Err(explained(error)),
            }
        }
    }
}

fn first(errors: Vec<GraphQlError>) -> Error {
    match errors.into_iter().next() {
        Some(error) => error.into_error(None, None),
        None => Error::unexpected("an error without a word", None),
    }
}

/// Why the server closed: for good (4400 to 4499, except when it asks for patience), or for now.
fn closed(frame: Option<&CloseFrame>) -> Error {
    let Some(frame) = frame else {
        return dropped("the server closed the connection");
    };
    let number = u16::from(frame.code);
    let code = match number {
        4401 | 4403 => ErrorCode::Unauthenticated,
        4400 | 4406 | 4409 => ErrorCode::BadRequest,
        4429 => ErrorCode::RateLimited,
        _ => {
            return dropped(format!(
                "the server closed the connection ({number} {})",
                frame.reason
            ));
        }
    };
    Error::Api(Box::new(ApiError {
        retryable: code == ErrorCode::RateLimited,
        code,
        message: format!(
            "The server closed the connection: {} ({number}).",
            frame.reason
        ),
        advice: None,
        path: Vec::new(),
        docs_url: None,
        retry_after: None,
        request_id: None,
        status: None,
    }))
}

fn explained(error: tungstenite::Error) -> Error {
    if let tungstenite::Error::Http(response) = &error {
        let body = response.body().as_deref().unwrap_or_default();
        return wire::refusal(response.status().as_u16(), body, None, None);
    }
    let message = format!("the WebSocket broke: {error}");
    Error::Transport(TransportError::new(message).caused_by(error))
}
