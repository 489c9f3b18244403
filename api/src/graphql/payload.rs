//! What mutations answer with: their noun, typed errors, warnings.

use async_graphql::{ComplexObject, Context, ID, Interface, Result as GraphqlResult, SimpleObject};
use posthaste_core::{
    Error, ErrorCode, Result, error::docs_path, ids::ConnectionId, post::Problem,
};
use posthaste_engine::App;

use super::{
    connection::Connection,
    context::loader,
    node::{self, Node},
    scalars::{self, Named},
};

/// Why a mutation changed nothing. Every error has these fields; some types carry more.
#[derive(Interface, Debug)]
#[expect(
    clippy::duplicated_attributes,
    reason = "each field of the interface is described on its own"
)]
#[graphql(
    field(
        name = "code",
        ty = "&Named<ErrorCode>",
        desc = "The stable code, for programs."
    ),
    field(
        name = "message",
        ty = "&String",
        desc = "What happened and why, for a person."
    ),
    field(name = "advice", ty = "&String", desc = "What to do about it."),
    field(
        name = "path",
        ty = "&Vec<String>",
        desc = "The input field, outermost first; list positions as numbers. Empty when it concerns the whole."
    ),
    field(
        name = "retryable",
        ty = "&bool",
        desc = "Whether the same request may succeed later without being changed."
    ),
    field(
        name = "docs_url",
        ty = "&String",
        desc = "The code's page in the documentation."
    )
)]
pub enum MutationError {
    /// Any other mistake.
    User(UserError),
    /// Somebody or something else was there first.
    Conflict(ConflictError),
    /// An account must be reconnected.
    Reconnect(ReconnectRequired),
    /// A wait is needed.
    Wait(WaitError),
}

macro_rules! mutation_errors {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty = $value:expr,)* })*) => {
        $(
            #[derive(SimpleObject, Debug)]
            $(#[$doc])*
            pub struct $name {
                /// The stable code, for programs.
                code: Named<ErrorCode>,
                /// What happened and why, for a person.
                message: String,
                /// What to do about it.
                advice: String,
                /// The input field, outermost first; list positions as numbers. Empty when it concerns the whole.
                path: Vec<String>,
                /// Whether the same request may succeed later without being changed.
                retryable: bool,
                /// The code's page in the documentation.
                docs_url: String,
                $($(#[$field_doc])* $field: $ty,)*
            }

            impl $name {
                fn new(app: &App, error: Error) -> Self {
                    $(let $field: $ty = ($value)(&error);)*
                    Self {
                        code: Named(error.code),
                        advice: error.code.advice().to_owned(),
                        retryable: error.code.is_retryable() || error.retry_after.is_some(),
                        docs_url: format!("{}{}", app.public_url, error.docs_path()),
                        message: error.message,
                        path: error.path,
                        $($field,)*
                    }
                }
            }
        )*
    };
}

mutation_errors! {
    /// A mistake in the input, or something that is not possible.
    UserError {}

    /// Somebody or something else was there first: read again, then decide.
    #[graphql(complex)]
    ConflictError {
        /// The input field that is no longer true, as one text.
        conflicting: String = |error: &Error| error.path_text(),
        /// The version it has now, when the input names an older one.
        current_version: Option<i32> = |error: &Error| error.subject.as_ref()?.version,
        #[graphql(skip)]
        subject: Option<ID> = subject,
    }

    /// The network no longer accepts our access to an account.
    #[graphql(complex)]
    ReconnectRequired {
        #[graphql(skip)]
        subject: Option<ID> = subject,
        /// The mutation that helps.
        mutation: String = |_: &Error| "connectionReconnect".to_owned(),
    }

    /// It works after a wait.
    WaitError {
        /// Seconds to wait.
        retry_after: u64 = |error: &Error| error.retry_after.unwrap_or(1),
    }
}

fn subject(error: &Error) -> Option<ID> {
    error.subject.as_ref().map(|subject| ID(subject.id.clone()))
}

#[ComplexObject]
impl ConflictError {
    /// What is there, as it is now: the post of this id, what was changed meanwhile, the connection that
    /// stands among the targets. Null when it is not one thing, or another workspace's.
    async fn existing(&self, ctx: &Context<'_>) -> GraphqlResult<Option<Node>> {
        match &self.subject {
            Some(id) => node::find(ctx, id, &["existing"]).await,
            None => Ok(None),
        }
    }
}

#[ComplexObject]
impl ReconnectRequired {
    /// The account to reconnect.
    async fn connection(&self, ctx: &Context<'_>) -> GraphqlResult<Option<Connection>> {
        let Some(id) = &self.subject else {
            return Ok(None);
        };
        let id: ConnectionId = scalars::id(id, &["connection"])?;
        Ok(loader(ctx)?.load_one(id).await?.map(Connection))
    }
}

impl MutationError {
    /// The type that fits the error's code.
    pub fn new(app: &App, error: Error) -> Self {
        match error.code {
            ErrorCode::VersionConflict | ErrorCode::AlreadyExists | ErrorCode::TargetDuplicate => {
                Self::Conflict(ConflictError::new(app, error))
            }
            ErrorCode::ReconnectRequired => Self::Reconnect(ReconnectRequired::new(app, error)),
            _ if error.retry_after.is_some() => Self::Wait(WaitError::new(app, error)),
            _ => Self::User(UserError::new(app, error)),
        }
    }
}

/// Something a person should know although nothing is wrong.
#[derive(SimpleObject, Clone, Debug)]
pub struct Warning {
    /// The stable code, for programs.
    pub code: Named<ErrorCode>,
    /// What it is about, for a person.
    pub message: String,
    /// What one can do about it.
    pub advice: String,
    /// The input field, outermost first.
    pub path: Vec<String>,
    /// The code's page in the documentation.
    pub docs_url: String,
}

impl Warning {
    /// A warning of a check.
    pub fn new(app: &App, problem: Problem) -> Self {
        Self {
            code: Named(problem.code),
            message: problem.message,
            advice: problem.code.advice().to_owned(),
            path: problem.path,
            docs_url: format!("{}{}", app.public_url, docs_path(problem.code)),
        }
    }
}

/// Errors that are the server's or the credential's, not the input's: they stand among GraphQL's own.
fn is_system(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::Unauthenticated
            | ErrorCode::RateLimited
            | ErrorCode::Internal
            | ErrorCode::Unavailable
    )
}

/// What a use case came to, split for a payload: the thing, or the errors to show. System errors go on
/// as such.
pub fn split<T>(app: &App, outcome: Result<T>) -> Result<(Option<T>, Vec<MutationError>)> {
    split_all(app, outcome.map_err(|error| vec![error]))
}

/// As [`split`], for use cases that report all violations at once.
pub fn split_all<T>(
    app: &App,
    outcome: Result<T, Vec<Error>>,
) -> Result<(Option<T>, Vec<MutationError>)> {
    match outcome {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(errors) => {
            let (mut system, errors): (Vec<_>, Vec<_>) =
                errors.into_iter().partition(|error| is_system(error.code));
            match system.pop() {
                Some(error) => Err(error),
                None => Ok((
                    None,
                    errors
                        .into_iter()
                        .map(|error| MutationError::new(app, error))
                        .collect(),
                )),
            }
        }
    }
}

/// A mutation's answer: its noun, `errors` and `warnings`.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $ty:ty }) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $(#[$field_doc])*
            pub $field: Option<$ty>,
            /// Why nothing was changed; empty when it worked.
            pub errors: Vec<$crate::graphql::payload::MutationError>,
            /// What a person should know although it worked.
            pub warnings: Vec<$crate::graphql::payload::Warning>,
        }

        impl $name {
            /// The payload of what a use case came to; system errors go on as such.
            pub fn of(
                app: &posthaste_engine::App,
                outcome: posthaste_core::Result<$ty>,
            ) -> posthaste_core::Result<Self> {
                let ($field, errors) = $crate::graphql::payload::split(app, outcome)?;
                Ok(Self { $field, errors, warnings: Vec::new() })
            }
        }

        // Payloads with a way of their own need not call it.
        const _: fn(&posthaste_engine::App, posthaste_core::Result<$ty>) -> posthaste_core::Result<$name> = $name::of;
    };
}
pub(crate) use payload;
