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
    /// The same, where nothing at all could be done because of what was given.
    Useless(Error),
    /// What was typed, or what is written in a file.
    Usage(String),
    /// Everything was accepted, and it ended badly nevertheless.
    Ended(String),
    /// Ctrl-C, before it was over.
    Interrupted(String),
    /// One of the others, and what can be done about it.
    Advised(Box<Self>, String),
}

impl Failure {
    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    fn exit(&self) -> u8 {
        match self {
            Self::Ended(_) => 1,
            Self::Usage(_) => 2,
            Self::Api(error) => exit(error, 1),
            Self::Useless(error) => exit(error, 2),
            // As shells say it of a signal.
            Self::Interrupted(_) => 130,
            Self::Advised(failure, _) => failure.exit(),
        }
    }

    fn error(&self) -> Option<&Error> {
        match self {
            Self::Api(error) | Self::Useless(error) => Some(error),
            Self::Advised(failure, _) => failure.error(),
            Self::Usage(_) | Self::Ended(_) | Self::Interrupted(_) => None,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Api(error) | Self::Useless(error) => error.to_string(),
            Self::Usage(message) | Self::Ended(message) | Self::Interrupted(message) => {
                message.clone()
            }
            Self::Advised(failure, advice) => format!("{}\n{advice}", failure.message()),
        }
    }

    fn json(&self) -> Value {
        let mut errors = json!({ "message": self.message() });
        if let Some(error) = self.error() {
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

fn exit(error: &Error, refused: u8) -> u8 {
    match error {
        Error::Setup(_) => 2,
        Error::Transport(_) | Error::Unexpected { .. } => 3,
        error => match error.code() {
            // Something in between may have said so.
            Some(ErrorCode::Unavailable) => 3,
            Some(ErrorCode::Unauthenticated | ErrorCode::Forbidden) => 4,
            _ => refused,
        },
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
