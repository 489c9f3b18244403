//! How a command ends.

use std::process::ExitCode;

use posthaste_sdk::{Error, types::ErrorCode};
use serde_json::{Value, json};

/// Done, or not.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// The server or the way to it.
    Api(Error),
    /// What was typed, or what is written in a file.
    Usage(String),
    /// Everything was accepted, and it ended badly nevertheless.
    Ended(String),
}

impl Failure {
    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    fn exit(&self) -> u8 {
        match self {
            Self::Ended(_) => 1,
            Self::Usage(_) | Self::Api(Error::Setup(_)) => 2,
            Self::Api(Error::Transport(_) | Error::Unexpected { .. }) => 3,
            Self::Api(error) => match error.code() {
                Some(ErrorCode::Unauthenticated | ErrorCode::Forbidden) => 4,
                _ => 1,
            },
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Api(error) => error.to_string(),
            Self::Usage(message) | Self::Ended(message) => message.clone(),
        }
    }

    fn json(&self) -> Value {
        let mut errors = json!({ "message": self.message() });
        if let Self::Api(error) = self {
            errors["code"] = error.code().map(ToString::to_string).into();
            errors["requestId"] = error.request_id().into();
            errors["retryable"] = error.is_retryable().into();
            if let Error::Refused(refused) = error {
                errors["errors"] = json!(refused.errors);
            }
        }
        json!({ "error": errors })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Api(error)
    }
}

/// Says what went wrong on standard error, and gives the exit code.
pub fn code(outcome: Outcome, json: bool) -> ExitCode {
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    if json {
        eprintln!("{}", failure.json());
    } else {
        eprintln!("posthaste: {}", failure.message());
    }
    ExitCode::from(failure.exit())
}
