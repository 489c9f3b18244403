//! Errors of the Graph in its own shape.

use serde_json::{Value, json};

use super::super::{
    answer::Answer,
    switches::{MetaErrorStatus, Switches},
};

/// An error of the Graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphError {
    status: u16,
    code: i64,
    subcode: Option<i64>,
    kind: &'static str,
    message: String,
    transient: bool,
}

impl GraphError {
    /// Any code; status 400, type `OAuthException`.
    pub fn new(code: i64, subcode: Option<i64>, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code,
            subcode,
            kind: "OAuthException",
            message: message.into(),
            transient: false,
        }
    }

    /// 100: a parameter is missing, unknown or has an illegal value.
    pub fn param(message: impl AsRef<str>) -> Self {
        Self::new(100, None, format!("(#100) {}", message.as_ref()))
    }

    /// 100: a required parameter is missing.
    pub fn missing(name: &str) -> Self {
        Self::param(format!("The parameter {name} is required"))
    }

    /// 100/33: no such object for this token, or not this method.
    pub fn no_object(method: &str, id: &str) -> Self {
        let method = method.to_lowercase();
        let kind = "GraphMethodException";
        let message = format!(
            "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded \
             due to missing permissions, or does not support this operation. Please read the \
             Graph API documentation at https://developers.facebook.com/docs/graph-api"
        );
        Self {
            kind,
            ..Self::new(100, Some(33), message)
        }
    }

    /// 2500: nothing lives at this path.
    pub fn unknown_path(path: &str) -> Self {
        Self::new(2500, None, format!("Unknown path components: /{path}"))
    }

    /// 10: the token lacks a permission.
    pub fn permission(scope: &str) -> Self {
        let message =
            format!("(#10) Application does not have permission for this action: it needs {scope}");
        Self {
            status: 403,
            ..Self::new(10, None, message)
        }
    }

    /// 200: the token is of another account.
    pub fn not_yours(message: &str) -> Self {
        Self {
            status: 403,
            ..Self::new(200, None, format!("(#200) {message}"))
        }
    }

    /// 190 with a subcode: the token does not work.
    pub fn token(subcode: Option<i64>, message: impl AsRef<str>) -> Self {
        let text = format!("Error validating access token: {}", message.as_ref());
        Self::new(190, subcode, text)
    }

    /// 104: no token at all.
    pub fn no_token() -> Self {
        let message = "An access token is required to request this resource.";
        Self {
            status: 401,
            ..Self::new(104, None, message)
        }
    }

    /// Marks a passing error.
    pub fn passing(self) -> Self {
        Self {
            transient: true,
            ..self
        }
    }

    /// With another HTTP status.
    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The answer.
    pub fn answer(&self, switches: &Switches) -> Answer {
        let status = match switches.meta_error_status {
            MetaErrorStatus::Catalog => self.status,
            MetaErrorStatus::AlwaysBadRequest => 400,
        };
        let answer = Answer::json(status, &self.body());
        if self.code == 190 {
            let challenge = format!(
                "OAuth \"Facebook Platform\" \"invalid_token\" \"{}\"",
                self.message
            );
            return answer.with("www-authenticate", &challenge);
        }
        answer
    }

    fn body(&self) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "fbtrace_id": "A0sandbox0trace0000000",
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if self.transient {
            error["is_transient"] = true.into();
        }
        json!({ "error": error })
    }
}
