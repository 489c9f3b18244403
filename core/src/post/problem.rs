use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// Can go on.
    Warning,
    /// Must be mended first.
    Error,
}

/// Something about the content that a network will not take, or that a person should know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// A code of the one table.
    pub code: ErrorCode,
    /// What is wrong, with figures.
    pub message: String,
    /// The field of the content: `text`, `media.0.altText`, …
    pub path: Vec<String>,
}

impl Problem {
    /// A problem that must be mended.
    pub fn error<S: Into<String>>(
        code: ErrorCode,
        message: impl Into<String>,
        path: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            path: path.into_iter().map(Into::into).collect(),
        }
    }

    /// Something to know.
    pub fn warning<S: Into<String>>(
        code: ErrorCode,
        message: impl Into<String>,
        path: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, path)
        }
    }

    /// True when it must be mended.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::new(problem.code, problem.message).at(problem.path)
    }
}
