//! Refusals as `{code, message}`; wording of the error catalog where it has one.

use serde_json::json;

use super::super::answer::Answer;

/// A refusal of the API.
#[derive(Clone, Debug)]
pub struct Problem {
    status: u16,
    code: i64,
    message: String,
}

impl Problem {
    fn new(status: u16, code: i64, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// 400 about the request.
    pub fn invalid(why: impl std::fmt::Display) -> Self {
        Self::new(400, 1, format!("Invalid request: {why}"))
    }

    /// 400: media behind a URL cannot be fetched. The number of the code is not verified.
    pub fn unreachable() -> Self {
        let text = "Unable to reach the URL. Please check the URL is correct and try again.";
        Self::new(400, 235, text)
    }

    /// 401: no token, or one that does not work.
    pub fn unauthorized() -> Self {
        Self::new(401, 2, "Authentication failed.")
    }

    /// 403: the scope is missing, or the thing is another account's.
    pub fn forbidden() -> Self {
        Self::new(403, 29, "You are not permitted to access that resource.")
    }

    /// 404 of a board.
    pub fn no_board() -> Self {
        Self::new(404, 40, "Board not found.")
    }

    /// 404 of a pin.
    pub fn no_pin() -> Self {
        Self::new(404, 50, "Pin not found.")
    }

    /// 404 of an upload.
    pub fn no_media() -> Self {
        Self::new(404, 404, "Media not found.")
    }

    /// 404 of a path or method.
    pub fn no_path() -> Self {
        Self::new(404, 404, "API method not found.")
    }

    /// 429.
    pub fn too_many(status: u16) -> Self {
        let text = "This request exceeded a rate limit. This can happen if the client exceeds one\n\
                    of the published rate limits or if multiple write operations are applied to\n\
                    an object within a short time window.";
        Self::new(status, 8, text)
    }

    /// 429 as a block: Pinterest has no refusal of duplicates, this comes closest.
    pub fn spam() -> Self {
        let text = "This Pin was blocked: repeated content looks like spam to us.";
        Self::new(429, 8, text)
    }

    /// 5xx.
    pub fn server(status: u16) -> Self {
        Self::new(
            status,
            0,
            "Something went wrong on our end. Sorry about that.",
        )
    }

    /// The answer.
    pub fn answer(&self) -> Answer {
        Answer::json(
            self.status,
            &json!({ "code": self.code, "message": self.message }),
        )
    }
}
