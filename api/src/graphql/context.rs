//! Who sends a request, and what resolvers find in their context.

use async_graphql::{Context, Data, dataloader::DataLoader};
use axum::http::{HeaderMap, HeaderValue, header};
use posthaste_core::{Error, ErrorCode, Result, secret::Secret};
use posthaste_engine::{
    Actor, App,
    session::{self, Client, browser},
};

use super::loader::{Batches, Loader};
use crate::{cookie, ticket::Ticket};

/// Who sends a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whom the credential belongs to; nobody when there is none.
    pub actor: Option<Actor>,
    /// The credential as it was sent.
    pub credential: Option<Secret>,
    /// The request's id, for the log and for error reports.
    pub request_id: String,
    /// What the request log is told.
    pub ticket: Ticket,
    /// The program that asks, as far as that is known.
    pub client: Client,
    /// Whether the answer can bring a browser another cookie.
    pub takes_cookies: bool,
}

impl Caller {
    /// Finds out who sends a request; `UNAUTHENTICATED` for a credential that is not valid.
    pub async fn new(app: &App, credential: Option<Secret>, request_id: String) -> Result<Self> {
        let actor = match &credential {
            Some(credential) => Some(session::authenticate(app, credential.expose()).await?),
            None => None,
        };
        Ok(Self {
            actor,
            credential,
            request_id,
            ticket: Ticket::default(),
            client: Client::default(),
            takes_cookies: false,
        })
    }

    /// The same caller with what the credential opens now; `UNAUTHENTICATED` when that is nothing any more.
    pub async fn anew(mut self, app: &App) -> Result<Self> {
        if let Some(credential) = &self.credential {
            self.actor = Some(session::authenticate(app, credential.expose()).await?);
        }
        Ok(self)
    }

    /// Has the request logged; from here on it is known whose it is.
    pub fn logged(mut self, ticket: &Ticket) -> Self {
        if let Some(actor) = &self.actor {
            ticket.belongs_to(actor);
        }
        self.ticket = ticket.clone();
        self
    }

    /// The same caller with an operation on the WebSocket that began with a request.
    pub fn on_socket(&self, socket: &Ticket) -> Self {
        self.clone().logged(&socket.on_socket())
    }

    /// Says which program asks.
    pub fn from_client(mut self, client: Client) -> Self {
        self.client = client;
        self
    }

    /// Says that the answer has headers of its own.
    pub fn taking_cookies(mut self) -> Self {
        self.takes_cookies = true;
        self
    }

    /// What resolvers find in their context: the application reaches as far as the caller's workspace.
    pub fn data(&self, app: &App) -> Data {
        let mut data = Data::default();
        if let Some(actor) = &self.actor {
            let app = app.within(actor.workspace);
            data.insert(Batches::new(Loader::new(app.clone(), actor.clone())));
            data.insert(app);
        } else {
            data.insert(app.nowhere());
        }
        data.insert(self.clone());
        data
    }
}

/// The credential of an `Authorization` value: `Bearer …`.
pub fn bearer(value: &str) -> Result<Secret> {
    let (scheme, credential) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") || credential.trim().is_empty() {
        let message = "Authorization must be 'Bearer <API key or session token>'.";
        return Err(Error::new(ErrorCode::Unauthenticated, message));
    }
    if credential.trim().starts_with(browser::PREFIX) {
        let message = "A browser's token is taken from its cookie only.";
        return Err(Error::new(ErrorCode::Unauthenticated, message));
    }
    Ok(Secret::new(credential.trim()))
}

/// The credential of a request: that of `Authorization`, or else of a browser's cookie.
pub fn credential(headers: &HeaderMap) -> Result<Option<Secret>> {
    match headers.get(header::AUTHORIZATION) {
        Some(value) => bearer(value.to_str().unwrap_or_default()).map(Some),
        None => Ok(cookie::read(headers)),
    }
}

/// Has the answer bring the browser a cookie.
pub fn bring(ctx: &Context<'_>, cookie: &HeaderValue) {
    ctx.append_http_header(header::SET_COOKIE, cookie.clone());
}

/// The application, as far as the caller reaches.
pub fn app<'a>(ctx: &Context<'a>) -> Result<&'a App> {
    ctx.data::<App>()
        .map_err(|error| Error::internal(error.message))
}

/// Who sends the request.
pub fn caller<'a>(ctx: &Context<'a>) -> Result<&'a Caller> {
    ctx.data::<Caller>()
        .map_err(|error| Error::internal(error.message))
}

/// Who asks; `UNAUTHENTICATED` without a credential.
pub fn actor<'a>(ctx: &Context<'a>) -> Result<&'a Actor> {
    caller(ctx)?.actor.as_ref().ok_or_else(|| {
        Error::new(
            ErrorCode::Unauthenticated,
            ErrorCode::Unauthenticated.title(),
        )
    })
}

/// The application and who asks.
pub fn both<'a>(ctx: &Context<'a>) -> Result<(&'a App, &'a Actor)> {
    Ok((app(ctx)?, actor(ctx)?))
}

/// Loads rows by key, many at once.
pub fn loader<'a>(ctx: &Context<'a>) -> Result<&'a DataLoader<Loader>> {
    actor(ctx)?;
    ctx.data::<Batches>()
        .map(Batches::ask)
        .map_err(|error| Error::internal(error.message))
}
