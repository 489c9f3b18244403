//! What Pinterest's refusals mean (networks.md, 4.4).

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    connector::{Failure, FailureClass, Outcome},
    ports::Response,
};

/// How long a rate limit lasts when Pinterest does not say it: its windows are minutes.
const USUAL_LIMIT: TimeDelta = TimeDelta::seconds(60);

/// The class, message and codes of a refusal.
pub fn classify(response: &Response, now: DateTime<Utc>) -> Failure {
    let body = response.json();
    let message = body["message"].as_str().unwrap_or_default().trim();
    let code = body["code"].as_i64();
    Failure {
        class: class(response, code, &message.to_ascii_lowercase(), now),
        message: if message.is_empty() {
            format!(
                "Pinterest: answered with HTTP {} and no explanation",
                response.status
            )
        } else {
            format!("Pinterest: {message}")
        },
        status: Some(response.status),
        remote_code: code.map(|code| code.to_string()),
        request_id: response.header("x-pinterest-rid").map(str::to_owned),
    }
}

/// What a refusal of the visible call means: an error of the server leaves it open.
pub fn judge_refusal(response: &Response, now: DateTime<Utc>) -> Outcome {
    let failure = classify(response, now);
    match response.status {
        408 => {}
        400..=499 => return Outcome::Failed(failure),
        _ => {}
    }
    Outcome::Unknown {
        reason: format!("{} (HTTP {}).", failure.message, response.status),
    }
}

fn class(
    response: &Response,
    code: Option<i64>,
    message: &str,
    now: DateTime<Utc>,
) -> FailureClass {
    match (response.status, code) {
        (401, Some(7)) | (403, _) => FailureClass::Permission,
        (401, _) if message.contains("scope") || message.contains("missing:") => {
            FailureClass::Permission
        }
        (401, _) => FailureClass::Reauthorize,
        (429, _) if message.contains("spam") => FailureClass::Operator,
        (429, _) => FailureClass::RateLimited {
            until: Some(now + response.retry_after(now).unwrap_or(USUAL_LIMIT)),
            app_wide: false,
        },
        (400, _) if message.contains("unable to reach the url") => FailureClass::Retry,
        (300..=399 | 408 | 409 | 425 | 500.., _) => FailureClass::Retry,
        _ => FailureClass::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use posthaste_core::ports::ScriptedHttp;
    use serde_json::{Value, json};

    use super::*;

    fn refusal(status: u16, body: Value) -> Response {
        ScriptedHttp::json(status, body).unwrap()
    }

    #[test]
    fn refusals_have_the_class_of_the_catalogue() {
        use FailureClass::{Operator, Permission, Reauthorize, Rejected, Retry};
        let now = DateTime::UNIX_EPOCH;
        let limited = FailureClass::RateLimited {
            until: Some(now + USUAL_LIMIT),
            app_wide: false,
        };
        let cases = [
            (
                400,
                1,
                "Invalid request: board_id does not match '^\\d+$'",
                Rejected,
            ),
            (401, 2, "Authentication failed.", Reauthorize),
            (401, 7, "Not authorized to access board or Pin.", Permission),
            (401, 3, "Your token lacks the scope pins:write.", Permission),
            (
                403,
                29,
                "You are not permitted to access that resource.",
                Permission,
            ),
            (
                403,
                403,
                "You are not permitted to access that resource.",
                Permission,
            ),
            (404, 40, "Board not found.", Rejected),
            (404, 50, "Pin not found.", Rejected),
            (429, 8, "This request exceeded a rate limit.", limited),
            (
                429,
                8,
                "Your account is blocked from this action: spam",
                Operator,
            ),
            (
                400,
                235,
                "Unable to reach the URL. Please check the URL is correct and try again.",
                Retry,
            ),
            (
                409,
                409,
                "Could not get exclusive access to the board.",
                Retry,
            ),
            (500, 0, "Something went wrong", Retry),
        ];
        for (status, code, message, class) in cases {
            let failure = classify(
                &refusal(status, json!({"code": code, "message": message})),
                now,
            );
            assert_eq!(
                (failure.class, failure.message),
                (class, format!("Pinterest: {message}"))
            );
            assert_eq!(failure.remote_code, Some(code.to_string()));
        }
    }

    #[test]
    fn a_rate_limit_lasts_as_long_as_the_answer_says() {
        let mut response = refusal(429, json!({"code": 8, "message": "slow down"}));
        response
            .headers
            .push(("retry-after".to_owned(), "120".to_owned()));
        response
            .headers
            .push(("x-pinterest-rid".to_owned(), "rid".to_owned()));
        let failure = classify(&response, DateTime::UNIX_EPOCH);
        let until = Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(120));
        assert_eq!(
            failure.class,
            FailureClass::RateLimited {
                until,
                app_wide: false
            }
        );
        assert_eq!(failure.request_id, Some("rid".to_owned()));
    }

    #[test]
    fn errors_of_the_server_leave_the_visible_call_open() {
        for status in [200, 302, 408, 500, 503] {
            let outcome = judge_refusal(&refusal(status, json!({})), DateTime::UNIX_EPOCH);
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{status}");
        }
        for status in [400, 401, 403, 404, 409, 429] {
            let outcome = judge_refusal(&refusal(status, json!({})), DateTime::UNIX_EPOCH);
            assert!(matches!(outcome, Outcome::Failed(_)), "{status}");
        }
    }
}
