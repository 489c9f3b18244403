//! Refusals as problem JSON; wording of the error catalog where it has one.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::answer::Answer;

const BLANK: &str = "about:blank";
const INVALID: &str = "https://api.x.com/2/problems/invalid-request";
const NOT_FOUND: &str = "https://api.x.com/2/problems/resource-not-found";
const CREDITS: &str = "https://api.x.com/2/problems/credits";

/// A refusal of the API.
#[derive(Clone, Debug)]
pub struct Problem {
    status: u16,
    body: Value,
}

impl Problem {
    fn new(status: u16, kind: &str, title: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let body = json!({ "title": title, "detail": detail, "type": kind, "status": status });
        Self { status, body }
    }

    /// 400 about one parameter or body field.
    pub fn invalid(parameter: &str, value: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let body = json!({
            "errors": [{ "parameters": { parameter: [value] }, "message": message }],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": INVALID,
        });
        Self { status: 400, body }
    }

    /// 401: no token, or one that does not work.
    pub fn unauthorized() -> Self {
        Self::new(401, BLANK, "Unauthorized", "Unauthorized")
    }

    /// 402: the prepaid balance is empty.
    pub fn credits_depleted(account: &str) -> Self {
        let detail = format!(
            "Your enrolled account [{account}] does not have any credits to fulfill this request."
        );
        Self::new(402, CREDITS, "CreditsDepleted", detail)
    }

    /// 403 with a reason; the reason alone tells these apart.
    pub fn forbidden(detail: &str) -> Self {
        Self::new(403, BLANK, "Forbidden", detail)
    }

    /// 403 for text that is too long and everything else the account may not do.
    pub fn not_permitted() -> Self {
        Self::forbidden("You are not permitted to perform this action.")
    }

    /// 403: the same text within the window.
    pub fn duplicate() -> Self {
        Self::forbidden("You are not allowed to create a Tweet with duplicate content.")
    }

    /// 404 of a thing by id.
    pub fn not_found(resource: &str, id: &str) -> Self {
        let mut found = Self::new(
            404,
            NOT_FOUND,
            "Not Found Error",
            missing_text(resource, id),
        );
        found.body["resource_type"] = resource.into();
        found.body["resource_id"] = id.into();
        found
    }

    /// 404 of a path or method.
    pub fn no_path() -> Self {
        Self::new(404, BLANK, "Not Found", "Not Found")
    }

    /// 429.
    pub fn too_many(status: u16) -> Self {
        Self::new(status, BLANK, "Too Many Requests", "Too Many Requests")
    }

    /// 5xx.
    pub fn server(status: u16) -> Self {
        let title = if status == 503 {
            "Service Unavailable"
        } else {
            "Internal Server Error"
        };
        Self::new(status, BLANK, title, title)
    }

    /// The answer.
    pub fn answer(&self) -> Answer {
        let body = Bytes::from(self.body.to_string());
        Answer::new(self.status, "application/problem+json", body)
    }
}

/// An entry of `errors[]` in a 200: a thing that was asked for and is not there.
pub fn missing(resource: &str, parameter: &str, id: &str) -> Value {
    json!({
        "value": id,
        "detail": missing_text(resource, id),
        "title": "Not Found Error",
        "resource_type": resource,
        "parameter": parameter,
        "resource_id": id,
        "type": NOT_FOUND,
    })
}

fn missing_text(resource: &str, id: &str) -> String {
    format!("Could not find {resource} with id: [{id}].")
}
