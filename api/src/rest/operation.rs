//! One operation, whichever transport it came over: its document is found, its kind is known, and a
//! mutation with an idempotency key is done once.

use std::sync::Arc;

use async_graphql::{
    IntrospectionMode, Request, Response, Value, Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition, OperationType},
};
use axum::http::{HeaderMap, HeaderName};
use futures::{StreamExt, stream, stream::BoxStream};
use posthaste_core::{Error, ErrorCode, Result};
use posthaste_engine::idempotency::{self as engine, Life, Reservation, Reserved};
use tracing::Instrument;

use super::{ApiState, documents::Sender, graphql::Shown};
use crate::{
    graphql::{
        Caller,
        chosen::chosen,
        errors::{code_of, complete, hide_names, refusal},
        event::Resume,
        idempotency::{self, Held},
        limits, noting, variables as values,
    },
    ticket::Ticket,
};

/// The header with a client's key.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key's name in `extensions`, where there are no headers.
const KEY: &str = "idempotencyKey";

/// An operation that is ready to be executed.
pub struct Operation {
    request: Request,
    kind: OperationType,
    life: Life,
    key: Option<String>,
}

impl Operation {
    /// Finds the document, and what kind of operation it is.
    pub fn new(
        state: &ApiState,
        caller: &Caller,
        mut request: Request,
        is_browser: bool,
    ) -> Result<Self> {
        limits::check_bytes(&request.query)?;
        let sender = Sender {
            is_browser,
            is_known: caller.actor.is_some(),
        };
        state.documents.resolve(&mut request, sender)?;
        let key = match request.extensions.get(KEY) {
            Some(Value::String(key)) => Some(key.clone()),
            None | Some(Value::Null) => None,
            Some(_) => {
                let message = "idempotencyKey is a text.";
                return Err(Error::new(ErrorCode::InvalidInput, message).at(["extensions", KEY]));
            }
        };
        let variables = std::mem::take(&mut request.variables);
        let examined = examine(&caller.ticket, &mut request, &variables);
        request.variables = variables;
        let (kind, life) = examined?;
        if state.hides_schema_from(caller) {
            refuse_introspection(&mut request)?;
        }
        Ok(Self {
            request,
            kind,
            life,
            key,
        })
    }

    /// Takes the key of the header, which goes before one in `extensions`.
    pub fn with_key(mut self, headers: &HeaderMap) -> Self {
        if let Some(key) = headers.get(IDEMPOTENCY_KEY) {
            self.key = Some(String::from_utf8_lossy(key.as_bytes()).into_owned());
        }
        self
    }

    /// A query, a mutation or a subscription.
    pub fn kind(&self) -> OperationType {
        self.kind
    }
}

/// Refuses to show the schema; `UNAUTHENTICATED`.
fn refuse_introspection(request: &mut Request) -> Result<()> {
    request.introspection_mode = IntrospectionMode::Disabled;
    // What is too long, or cannot be read, is refused when executed.
    if limits::check_length(&request.query).is_err() {
        return Ok(());
    }
    let Ok(document) = request.parsed_query() else {
        return Ok(());
    };
    let asks = |field: &Field| matches!(field.name.node.as_str(), "__schema" | "__type");
    if limits::count_fields(document, asks) == 0 {
        return Ok(());
    }
    let message = "The schema is shown to callers with a credential only; /docs describes it.";
    Err(Error::new(ErrorCode::Unauthenticated, message))
}

/// Gives all errors what they carry. Strangers are not told what the schema has.
fn finish(state: &ApiState, caller: &Caller, answer: &mut Response) {
    if state.hides_schema_from(caller) {
        hide_names(answer);
    }
    complete(answer, &state.app.public_url, &caller.request_id);
}

/// The kind of the operation that was chosen, and how long its answer would be kept. What cannot be
/// parsed, and which was chosen when that is not clear, is told when executed.
fn examine(
    ticket: &Ticket,
    request: &mut Request,
    variables: &Variables,
) -> Result<(OperationType, Life)> {
    let unclear = (OperationType::Query, Life::Usual);
    if limits::check_length(&request.query).is_err() {
        return Ok(unclear);
    }
    let name = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else {
        return Ok(unclear);
    };
    noting::asks(ticket, document, name.as_deref());
    values::check_texts(document, variables)?;
    idempotency::check(document, variables)?;
    let Some(operation) = chosen(document, name.as_deref()) else {
        return Ok(unclear);
    };
    values::check_given(operation, variables)?;
    if operation.ty == OperationType::Subscription {
        check_one_root(document, operation)?;
    }
    let life = idempotency::of_operation(document, operation, variables);
    Ok((operation.ty, life))
}

/// A subscription follows one thing (GraphQL specification, 5.2.4).
fn check_one_root(document: &ExecutableDocument, operation: &OperationDefinition) -> Result<()> {
    let fields = idempotency::outermost(document, std::iter::once(operation));
    match fields.as_slice() {
        [field] if !field.name.node.starts_with("__") => Ok(()),
        _ => {
            let message = "A subscription must have exactly one root field, and not __typename.";
            Err(Error::new(ErrorCode::BadRequest, message))
        }
    }
}

/// What came of an operation.
pub struct Answered {
    /// The answer.
    pub answer: Response,
    /// The answer as it is kept, byte for byte.
    pub text: Option<String>,
    /// Whether an earlier request was answered so.
    pub is_replayed: bool,
}

impl From<Response> for Answered {
    fn from(answer: Response) -> Self {
        Self {
            answer,
            text: None,
            is_replayed: false,
        }
    }
}

impl Answered {
    fn replayed(kept: Vec<u8>) -> Result<Self> {
        let answer = serde_json::from_slice(&kept).map_err(Error::internal)?;
        Ok(Self {
            answer,
            text: Some(String::from_utf8(kept).map_err(Error::internal)?),
            is_replayed: true,
        })
    }

    /// The answer for transports without headers: the extensions tell whether it is new.
    fn marked(mut self) -> Response {
        if self.is_replayed {
            idempotency::mark_replayed(&mut self.answer, []);
        }
        self.answer
    }
}

/// Executes a query or mutation; a subscription ends after its first result.
pub async fn execute(state: &ApiState, caller: &Caller, operation: Operation) -> Answered {
    let answered = answer(state, caller, operation).await;
    noting::answered(&caller.ticket, &answered.answer);
    answered
}

async fn answer(state: &ApiState, caller: &Caller, operation: Operation) -> Answered {
    if operation.kind != OperationType::Mutation {
        let mut request = operation.request;
        request.data = caller.data(&state.app);
        let mut answer = state.schema.execute(request).await;
        finish(state, caller, &mut answer);
        return answer.into();
    }
    // A client that hangs up does not break a change off in the middle: its repeat finds the answer.
    let (state, caller) = (state.clone(), caller.clone());
    let work = async move {
        mutate(&state, &caller, operation)
            .await
            .unwrap_or_else(|error| {
                refusal(error, &state.app.public_url, &caller.request_id).into()
            })
    };
    match tokio::spawn(work.in_current_span()).await {
        Ok(answered) => answered,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => refusal(Error::internal(error), "", "").into(),
    }
}

/// Does a mutation, once if it has a key. A key means nothing without a credential.
async fn mutate(state: &ApiState, caller: &Caller, operation: Operation) -> Result<Answered> {
    let reservation = match (&operation.key, &caller.actor) {
        (Some(key), Some(actor)) => {
            let fingerprint = idempotency::of_request(&operation.request);
            let reserved =
                engine::reserve(&state.app, actor, key, fingerprint, operation.life).await;
            match reserved.map_err(at_key)? {
                Reserved::Replay(kept) => return Answered::replayed(kept),
                Reserved::Run(reservation) => Some(reservation),
            }
        }
        _ => None,
    };
    let held = Held::new(reservation.clone());
    let mut request = operation.request;
    request.data = caller.data(&state.app);
    request.data.insert(held.clone());
    let execution = state.schema.execute(request);
    let mut answer = match &reservation {
        None => execution.await,
        Some(reservation) => tokio::select! {
            answer = execution => answer,
            never = engine::keep(&state.app, reservation) => match never {},
        },
    };
    held.tell(&mut answer);
    finish(state, caller, &mut answer);
    match reservation {
        None => Ok(answer.into()),
        Some(reservation) => Ok(conclude(state, &reservation, answer).await),
    }
}

fn at_key(error: Error) -> Error {
    if error.code == ErrorCode::InvalidInput {
        error.at([KEY])
    } else {
        error
    }
}

/// Keeps the answer, or frees the key when a repeat should run: nothing was executed or changed, and
/// it may go better next time.
async fn conclude(state: &ApiState, reservation: &Reservation, answer: Response) -> Answered {
    let shown = Shown(answer);
    let retryable = |errors: &[_]| errors.iter().any(|error| code_of(error).is_retryable());
    let is_final = shown.has_data()
        && !retryable(&shown.0.errors)
        && !idempotency::is_all_retryable(&shown.0.data);
    let text = shown.text();
    let concluded = if is_final {
        engine::answer(&state.app, reservation, text.as_bytes()).await
    } else {
        engine::release(&state.app, reservation).await
    };
    // The work is done: whoever waits gets the answer; a repeat waits for the lease and runs again.
    if let Err(error) = concluded {
        tracing::error!(%error, cause = ?error.cause, "an answer could not be kept under its key");
    }
    Answered {
        answer: shown.0,
        text: Some(text),
        is_replayed: false,
    }
}

/// The results of any operation, for transports that send more than one.
pub fn results(
    state: ApiState,
    caller: Caller,
    operation: Operation,
    resume: Option<Arc<Resume>>,
) -> BoxStream<'static, Response> {
    if operation.kind != OperationType::Subscription {
        let answer = async move { execute(&state, &caller, operation).await.marked() };
        return stream::once(answer).boxed();
    }
    let mut request = operation.request;
    request.data = caller.data(&state.app);
    if let Some(resume) = resume {
        request.data.insert(resume);
    }
    let results = state.schema.execute_stream(request);
    results
        .map(move |mut answer| {
            finish(&state, &caller, &mut answer);
            noting::answered(&caller.ticket, &answer);
            answer
        })
        .boxed()
}
