use chrono::{DateTime, Utc};

use crate::error::ErrorCode;

/// Why a call failed, as far as the engine must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// May be repeated after a while.
    Retry,
    /// The network asks us to wait, until when if it says so.
    RateLimited {
        /// When the limit resets.
        until: Option<DateTime<Utc>>,
        /// The whole app is limited, not only the account.
        app_wide: bool,
    },
    /// The token is not accepted.
    Reauthorize,
    /// A permission or role is missing.
    Permission,
    /// The content is refused for good.
    Rejected,
    /// Somebody must act at the network's developer console.
    Operator,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to do about it.
    pub class: FailureClass,
    /// What happened, in words a person understands, with the network's own message.
    pub message: String,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The network's own code (`190/463`).
    pub remote_code: Option<String>,
    /// The network's id of the request, for its support.
    pub request_id: Option<String>,
}

impl Failure {
    /// A failure without an answer from the network.
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            status: None,
            remote_code: None,
            request_id: None,
        }
    }

    /// The product's code for it.
    pub fn code(&self) -> ErrorCode {
        match self.class {
            FailureClass::Retry => ErrorCode::NetworkUnavailable,
            FailureClass::RateLimited { .. } => ErrorCode::NetworkRateLimited,
            FailureClass::Reauthorize => ErrorCode::ReconnectRequired,
            FailureClass::Permission => ErrorCode::NetworkPermission,
            FailureClass::Rejected => ErrorCode::NetworkRejected,
            FailureClass::Operator => ErrorCode::NetworkOperator,
        }
    }
}
