use std::{collections::HashMap, pin::pin, time::Duration};

use async_graphql::{Request as Query, Response as Answer, parser::types::OperationType};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::{
    SinkExt, StreamExt,
    stream::{self, AbortHandle, BoxStream, SelectAll},
};
use posthaste_core::{Error, ErrorCode, secret::Secret};
use posthaste_engine::session::Client as Program;
use serde_json::{Map, Value};
use tokio::time::{Instant, interval_at, timeout};

use super::{
    super::{
        ApiState, RequestId,
        graphql::Shown,
        operation::{self, Operation},
        toll,
    },
    message::{ClientMessage, Close, ServerMessage},
};
use crate::{
    graphql::{Caller, context::bearer, errors::refusal},
    ticket::Ticket,
};

/// How long a client may take for its first message.
const INIT: Duration = Duration::from_secs(10);

/// How often a quiet client is asked whether it is there.
const PING: Duration = Duration::from_secs(30);

/// How long a client may take to read a message.
const SLOW: Duration = Duration::from_secs(30);

/// Most operations at a time.
const OPERATIONS: usize = 100;

/// Why a connection ends: the server closes it with a code, or the client is gone.
enum End {
    Close(Close),
    Gone,
}

type Step<T = ()> = Result<T, End>;

/// What the headers tell about a client.
pub struct Client {
    /// The credential, unless it comes with `connection_init`.
    pub credential: Option<Secret>,
    /// Whether it is a page in a browser.
    pub is_browser: bool,
    /// What is known of the program.
    pub program: Program,
}

/// Serves one WebSocket until it ends.
pub async fn run(state: ApiState, id: RequestId, client: Client, mut socket: WebSocket) {
    let outcome = async {
        let handshake = handshake(&state, &id, client.credential, &client.program, &mut socket);
        let caller = timeout(INIT, handshake)
            .await
            .unwrap_or(Err(End::Close(Close::InitTimeout)))?
            .from_client(client.program);
        Session {
            state,
            caller,
            is_browser: client.is_browser,
            ticket: id.1.clone(),
            socket: &mut socket,
            running: SelectAll::new(),
            handles: HashMap::new(),
        }
        .serve()
        .await
    };
    if let Err(End::Close(close)) = outcome.await {
        let frame = CloseFrame {
            code: close as u16,
            reason: close.reason().into(),
        };
        // The client may be gone by now.
        let _ = socket.send(Message::Close(Some(frame))).await;
    }
}

async fn send(socket: &mut WebSocket, message: &ServerMessage) -> Step {
    let text = serde_json::to_string(message).map_err(|_| End::Gone)?;
    match timeout(SLOW, socket.send(Message::text(text))).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Gone),
    }
}

async fn receive(socket: &mut WebSocket) -> Step<ClientMessage> {
    loop {
        let message = socket.recv().await.and_then(Result::ok).ok_or(End::Gone)?;
        match message {
            Message::Text(text) => {
                return serde_json::from_str(&text).map_err(|_| End::Close(Close::BadMessage));
            }
            Message::Binary(_) => return Err(End::Close(Close::BadMessage)),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => {
                // The answer to it, which the library prepared, goes out (RFC 6455, 5.5.1).
                let _ = timeout(SLOW, socket.flush()).await;
                return Err(End::Gone);
            }
        }
    }
}

async fn handshake(
    state: &ApiState,
    id: &RequestId,
    credential: Option<Secret>,
    program: &Program,
    socket: &mut WebSocket,
) -> Step<Caller> {
    let payload = loop {
        match receive(socket).await? {
            ClientMessage::ConnectionInit { payload } => break payload.unwrap_or_default(),
            ClientMessage::Ping { .. } => send(socket, &ServerMessage::Pong).await?,
            ClientMessage::Subscribe { .. } => return Err(End::Close(Close::Unauthorized)),
            ClientMessage::Pong { .. } | ClientMessage::Complete { .. } => {}
        }
    };
    let credential = match authorization(&payload) {
        Some(value) => Some(bearer(value).map_err(|_| End::Close(Close::Forbidden))?),
        None => credential,
    };
    let caller = match Caller::new(&state.app, credential, id.0.clone()).await {
        Ok(caller) => caller,
        Err(error) => {
            let error = toll::guessed(&state.app, program.address, error).await;
            return Err(End::Close(match error.code {
                ErrorCode::Unauthenticated => Close::Forbidden,
                _ => Close::TryAgain,
            }));
        }
    };
    send(socket, &ServerMessage::ConnectionAck).await?;
    Ok(caller)
}

fn authorization(payload: &Map<String, Value>) -> Option<&str> {
    payload
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .and_then(|(_, value)| value.as_str())
}

/// A connection after its handshake.
struct Session<'a> {
    state: ApiState,
    caller: Caller,
    is_browser: bool,
    /// Of the request that the socket began with.
    ticket: Ticket,
    socket: &'a mut WebSocket,
    /// The results of all operations; `None` is an operation's end.
    running: SelectAll<BoxStream<'static, (String, Option<Answer>)>>,
    handles: HashMap<String, AbortHandle>,
}

impl Session<'_> {
    async fn serve(mut self) -> Step {
        let mut revoked = self
            .state
            .revocations
            .until_revoked(&self.state.app, &self.caller);
        let mut leaving = pin!(self.state.health.until_leaving());
        let mut ping = interval_at(Instant::now() + PING, PING);
        loop {
            tokio::select! {
                message = receive(self.socket) => self.take(message?).await?,
                Some((id, answer)) = self.running.next(), if !self.running.is_empty() => self.tell(id, answer).await?,
                _ = ping.tick() => send(self.socket, &ServerMessage::Ping).await?,
                () = &mut leaving => return Err(End::Close(Close::GoingAway)),
                () = &mut revoked => return Err(End::Close(Close::Forbidden)),
            }
        }
    }

    async fn take(&mut self, message: ClientMessage) -> Step {
        match message {
            ClientMessage::ConnectionInit { .. } => Err(End::Close(Close::TooMany)),
            ClientMessage::Ping { .. } => send(self.socket, &ServerMessage::Pong).await,
            ClientMessage::Pong { .. } => Ok(()),
            ClientMessage::Subscribe { id, payload } => self.begin(id, *payload).await,
            ClientMessage::Complete { id } => {
                if let Some(handle) = self.handles.remove(&id) {
                    handle.abort();
                }
                Ok(())
            }
        }
    }

    async fn begin(&mut self, id: String, query: Query) -> Step {
        if self.handles.contains_key(&id) {
            return Err(End::Close(Close::DuplicateId));
        }
        if self.handles.len() >= OPERATIONS {
            return Err(End::Close(Close::TooMany));
        }
        let mut caller = self.caller.on_socket(&self.ticket);
        let operation = match Operation::new(&self.state, &caller, query, self.is_browser) {
            Ok(operation) => operation,
            Err(error) => {
                caller.ticket.failed(error.code, true);
                return self.refuse(id, error).await;
            }
        };
        // What the credential opened when the socket began is not enough to change anything.
        if operation.kind() == OperationType::Mutation {
            let ticket = caller.ticket.clone();
            caller = match caller.anew(&self.state.app).await {
                Ok(caller) => caller,
                Err(error) => {
                    ticket.failed(error.code, true);
                    if error.code == ErrorCode::Unauthenticated {
                        return Err(End::Close(Close::Forbidden));
                    }
                    return self.refuse(id, error).await;
                }
            };
        }
        let name = id.clone();
        let results = operation::results(self.state.clone(), caller, operation, None)
            .map(Some)
            .chain(stream::once(async { None }));
        let (results, handle) =
            stream::abortable(results.map(move |answer| (name.clone(), answer)));
        self.running.push(results.boxed());
        self.handles.insert(id, handle);
        Ok(())
    }

    async fn refuse(&mut self, id: String, error: Error) -> Step {
        let answer = refusal(error, &self.state.app.public_url, &self.caller.request_id);
        let payload = answer.errors;
        send(self.socket, &ServerMessage::Error { id, payload }).await
    }

    async fn tell(&mut self, id: String, answer: Option<Answer>) -> Step {
        let Some(answer) = answer else {
            // After `error` the operation is over already.
            return match self.handles.remove(&id) {
                Some(_) => send(self.socket, &ServerMessage::Complete { id }).await,
                None => Ok(()),
            };
        };
        let payload = Box::new(Shown(answer));
        if payload.has_data() {
            return send(self.socket, &ServerMessage::Next { id, payload }).await;
        }
        if let Some(handle) = self.handles.remove(&id) {
            handle.abort();
        }
        send(
            self.socket,
            &ServerMessage::Error {
                id,
                payload: payload.0.errors,
            },
        )
        .await
    }
}
