use async_graphql::{
    Context, Enum, ID, InputObject, Object, Result, SimpleObject, connection::Connection,
};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, Provenance as By, request};
use posthaste_engine::request_log as engine;
use posthaste_store::request_log::{self, Filter};

use super::key::ApiKey;
use crate::graphql::{
    access::Provenance,
    context::{both, loader},
    page::{self, Args, Cursor},
    scalars::Named,
};

/// The list's name in its cursors.
const LIST: &str = "requestLog";

/// What kind of request it is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "request::RequestKind")]
pub enum RequestKind {
    /// A GraphQL query.
    Query,
    /// A GraphQL mutation.
    Mutation,
    /// A GraphQL subscription.
    Subscription,
    /// A REST call.
    Rest,
    /// A GraphQL request that could not be read.
    Unreadable,
}

/// How a request came in.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "request::Transport")]
pub enum RequestTransport {
    /// A request with one answer.
    Http,
    /// Server-sent events.
    Sse,
    /// A WebSocket, which carries many operations.
    #[graphql(name = "WEBSOCKET")]
    WebSocket,
}

/// A line of the request log. It says what was asked for, never the variables, texts or secrets that
/// came with it.
pub struct LoggedRequest(pub request_log::LoggedRequest);

/// A line of the request log. It says what was asked for, never the variables, texts or secrets that
/// came with it.
#[Object]
impl LoggedRequest {
    /// The id of the line (`lreq_…`).
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The request's id as its answer carried it in `X-Request-Id`; all operations of a WebSocket
    /// have the one of its handshake.
    async fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// When it came in.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// Whose it is.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&By::of_credential(&self.0.credential))
    }

    /// The API key that it came with, if you may see it.
    async fn api_key(&self, ctx: &Context<'_>) -> Result<Option<ApiKey>> {
        match By::of_credential(&self.0.credential) {
            By::Key { key } => Ok(loader(ctx)?.load_one(key).await?.map(ApiKey)),
            _ => Ok(None),
        }
    }

    /// How it came in.
    async fn transport(&self) -> RequestTransport {
        self.0.transport.into()
    }

    /// What kind it is.
    async fn kind(&self) -> RequestKind {
        self.0.kind.into()
    }

    /// The operation's name, or its root fields when it has none; method and route of a REST call.
    async fn operation(&self) -> &str {
        &self.0.operation
    }

    /// The root fields that it asked for.
    async fn root_fields(&self) -> &[String] {
        &self.0.root_fields
    }

    /// The HTTP status; over a WebSocket the one that a request would have been answered with.
    async fn status(&self) -> i32 {
        self.0.status.into()
    }

    /// The code of the answer's first error; in a mutation's payload only if the request asked for it.
    async fn error_code(&self) -> Option<Named<ErrorCode>> {
        let code = self.0.error_code.as_deref()?;
        ErrorCode::from_name(code).map(Named)
    }

    /// How long it took in milliseconds; a subscription: how long it was open.
    async fn duration_ms(&self) -> i32 {
        self.0.duration_ms
    }

    /// What it cost of the rate limit, if that is known.
    async fn cost(&self) -> Option<i32> {
        self.0.cost
    }

    /// The address that it came from.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// The program that sent it, by its own words.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }
}

/// What the request log is narrowed by; all conditions hold together.
#[derive(InputObject, Default)]
pub struct RequestLogFilter {
    /// Only requests of this API key (`key_…`) or person (`user_…`).
    credential: Option<ID>,
    /// Only this operation, as the log names it.
    operation: Option<String>,
    /// Only this HTTP status, 100 to 599.
    status: Option<i32>,
    /// Only answers whose first error has this code.
    error_code: Option<Named<ErrorCode>>,
    /// Only answers with an error, or with false only those without.
    failed: Option<bool>,
    /// Only requests from this instant on.
    since: Option<DateTime<Utc>>,
    /// Only requests before this instant.
    until: Option<DateTime<Utc>>,
    /// Only lines with this `X-Request-Id`.
    request_id: Option<String>,
}

impl TryFrom<RequestLogFilter> for Filter {
    type Error = Error;

    fn try_from(filter: RequestLogFilter) -> posthaste_core::Result<Self> {
        Ok(Self {
            credential: filter.credential.map(credential).transpose()?,
            operation: filter.operation,
            status: filter.status.map(status).transpose()?,
            error_code: filter.error_code.map(|code| code.0.as_str().to_owned()),
            failed: filter.failed,
            since: filter.since,
            until: filter.until,
            request_id: filter.request_id,
        })
    }
}

fn status(status: i32) -> posthaste_core::Result<i16> {
    i16::try_from(status)
        .ok()
        .filter(|status| (100..600).contains(status))
        .ok_or_else(|| {
            let message = format!("{status} is no HTTP status.");
            Error::new(ErrorCode::InvalidInput, message).at(["filter", "status"])
        })
}

/// Reads the id of a key or person.
pub(in crate::graphql) fn credential(id: ID) -> posthaste_core::Result<String> {
    match By::of_credential(&id) {
        By::System => {
            let message = "A credential is an API key (key_…) or a person (user_…).";
            Err(Error::new(ErrorCode::InvalidId, message).at(["filter", "credential"]))
        }
        by => Ok(by.credential()),
    }
}

/// What the request log tells beyond its lines.
#[derive(SimpleObject)]
pub struct Logged {
    /// How many lines the filter leaves altogether; counted only when asked for.
    total_count: Option<i64>,
    /// How many of the workspace's requests were answered in the last seven days without a line,
    /// because the log could not keep up.
    dropped: i64,
}

/// Reads of the request log.
#[derive(Default)]
pub struct LogQuery;

#[Object]
impl LogQuery {
    /// What was asked of the API in the last seven days, newest first, a second after it was answered.
    /// With `READ_USAGE` all requests of the workspace, without it one's own credential's.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn request_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the log by.")] filter: Option<RequestLogFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<Connection<Cursor, LoggedRequest, Logged>> {
        let (app, actor) = both(ctx)?;
        let filter = Filter::try_from(filter.unwrap_or_default())?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = engine::list(app, actor, &filter, &request).await?;
        let total_count = if page::wants_total(ctx) {
            Some(engine::count(app, actor, &filter).await?)
        } else {
            None
        };
        let dropped = if ctx.look_ahead().field("dropped").exists() {
            engine::dropped(app, actor).await?
        } else {
            0
        };
        let more = Logged {
            total_count,
            dropped,
        };
        let place = |row: &request_log::LoggedRequest| (row.at, row.id.uuid());
        Ok(page::list_with(LIST, found, more, place, LoggedRequest))
    }
}
