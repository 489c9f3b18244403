use async_graphql::{Context, ID, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, Result as CoreResult};
use posthaste_engine::{
    Actor, App,
    session::{Opened, browser::Entered},
};
use posthaste_store::access;

use crate::{
    cookie,
    graphql::{
        context::{app, bring, caller},
        payload::{MutationError, Warning, split},
        scalars::Role,
    },
};

/// A signed-in session.
#[derive(SimpleObject)]
pub struct Session {
    /// The id (`ses_…`).
    id: ID,
    /// Whether it is the one of this request.
    is_current: bool,
    /// The role in the workspace.
    role: Role,
    /// The workspace's id.
    workspace_id: ID,
    /// When the person signed in.
    created_at: DateTime<Utc>,
    /// When it was refreshed last.
    refreshed_at: DateTime<Utc>,
    /// When it ends unless it is refreshed before.
    expires_at: DateTime<Utc>,
    /// When the person last showed who they are.
    authenticated_at: DateTime<Utc>,
    /// Whether with a second factor.
    second_factor: bool,
    /// What the program that opened it calls itself.
    user_agent: Option<String>,
    /// The address it was opened from.
    address: Option<String>,
}

impl Session {
    /// A session as the one of the request, or as another.
    fn new(row: &access::Session, is_current: bool) -> Self {
        Self {
            id: row.id.into(),
            is_current,
            role: row.role.into(),
            workspace_id: row.workspace_id.into(),
            created_at: row.created_at,
            refreshed_at: row.refreshed_at,
            expires_at: row.expires_at,
            authenticated_at: row.authenticated_at,
            second_factor: row.second_factor,
            user_agent: row.user_agent.clone(),
            address: row.address.clone(),
        }
    }

    /// A session of the person who asks.
    pub fn seen_by(actor: &Actor, row: &access::Session) -> Self {
        let present = actor.session.map(|signed_in| signed_in.session);
        Self::new(row, present == Some(row.id))
    }
}

/// A session and its present tokens, which a browser's has not.
pub struct Begun {
    session: access::Session,
    tokens: Option<Opened>,
}

impl From<Opened> for Begun {
    fn from(opened: Opened) -> Self {
        Self {
            session: opened.session.clone(),
            tokens: Some(opened),
        }
    }
}

impl From<access::Session> for Begun {
    fn from(session: access::Session) -> Self {
        Self {
            session,
            tokens: None,
        }
    }
}

/// Whether the answer can bring a browser another cookie, for what gives a session another token.
pub fn require_answer(ctx: &Context<'_>, actor: &Actor) -> CoreResult<()> {
    if is_of_browser(actor) && !caller(ctx)?.takes_cookies {
        let message =
            "The session gets another cookie, which only an answer to a plain POST can bring.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    Ok(())
}

fn is_of_browser(actor: &Actor) -> bool {
    actor.session.is_some_and(|session| session.is_browser)
}

/// Gives the present token of one's own session to whoever asks: a browser gets it as its cookie.
pub fn hand_over(ctx: &Context<'_>, actor: &Actor, session: access::Session) -> CoreResult<Begun> {
    let app = app(ctx)?;
    if !is_of_browser(actor) {
        return Ok(Opened::new(app, session)?.into());
    }
    let entered = Entered::new(app, session)?;
    bring(ctx, &cookie::set(&entered, app.now())?);
    Ok(entered.session.into())
}

macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(SimpleObject)]
            pub struct $name {
                /// The token to send as `Authorization: Bearer …` (`phs_…`); shown this once. A browser gets a cookie instead.
                token: Option<String>,
                /// Until when that works, 15 minutes at most.
                token_expires_at: Option<DateTime<Utc>>,
                /// What `sessionRefresh` takes once (`phr_…`); shown this once. Keep it where nobody else reads it.
                refresh_token: Option<String>,
                /// The session.
                session: Option<Session>,
                /// Why there are no tokens; empty when it worked.
                errors: Vec<MutationError>,
                /// What a person should know although it worked.
                warnings: Vec<Warning>,
            }

            impl $name {
                /// The payload of what a use case came to; system errors go on as such.
                pub fn of(app: &App, outcome: CoreResult<impl Into<Begun>>) -> CoreResult<Self> {
                    let (begun, errors) = split(app, outcome.map(Into::into))?;
                    let begun = begun.as_ref();
                    let tokens = begun.and_then(|it| it.tokens.as_ref());
                    Ok(Self {
                        token: tokens.map(|it| it.access.expose().to_owned()),
                        token_expires_at: tokens.map(|it| it.access_ends),
                        refresh_token: tokens.map(|it| it.refresh.expose().to_owned()),
                        session: begun.map(|it| Session::new(&it.session, true)),
                        errors,
                        warnings: Vec::new(),
                    })
                }
            }
        )*
    };
}

tokens! {
    /// What came of signing in.
    SessionCreatePayload;

    /// What came of signing in by a provider.
    SessionFromProviderPayload;

    /// What came of asking for the next tokens.
    SessionRefreshPayload;

    /// What came of showing again who one is.
    SessionReauthenticatePayload;
}
