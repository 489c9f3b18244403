//! What X's refusals mean (networks.md, 1.6).

use chrono::{DateTime, Utc};
use posthaste_core::{
    connector::{Exhausted, Failure, FailureClass, LimitReading, Outcome},
    ports::Response,
};
use serde_json::Value;

/// The class, message and codes of a refusal of a call that may be repeated.
pub fn classify(response: &Response, _now: DateTime<Utc>) -> Failure {
    let problem = Problem::of(response);
    Failure {
        class: class(response, &problem),
        message: format!("X: {}", problem.text(response.status)),
        status: Some(response.status),
        remote_code: problem.code(),
        request_id: request_id(response),
    }
}

/// What a refusal of the visible call means: only a definite one is a failure.
pub fn judge_refusal(response: &Response) -> Outcome {
    let problem = Problem::of(response);
    let definite = match response.status {
        401 | 429 => true,
        408 => false,
        400..=499 => problem.is_readable && !problem.is_duplicate(),
        _ => false,
    };
    if definite {
        return Outcome::Failed(classify(response, DateTime::UNIX_EPOCH));
    }
    if problem.is_duplicate() {
        let reason = "X says that the account has posted this text already.".to_owned();
        return Outcome::Duplicate { reason };
    }
    Outcome::Unknown {
        reason: format!(
            "{} (HTTP {}).",
            problem.text(response.status),
            response.status
        ),
    }
}

/// Problem JSON (RFC 9457) as X writes it, or the older `errors` list, or an OAuth error.
struct Problem {
    is_readable: bool,
    slug: String,
    title: String,
    detail: String,
}

impl Problem {
    fn of(response: &Response) -> Self {
        let body = response.json();
        let first = &body["errors"][0];
        let text = |names: &[&str]| -> String {
            let found = names.iter().find_map(|name| {
                let inner = first[*name].as_str();
                body[*name]
                    .as_str()
                    .or(inner)
                    .filter(|text| !text.is_empty())
            });
            found.unwrap_or_default().to_owned()
        };
        let slug = text(&["type"]);
        Self {
            is_readable: body != Value::Null,
            slug: slug.rsplit('/').next().unwrap_or_default().to_owned(),
            title: text(&["title", "error"]),
            detail: text(&["detail", "message", "error_description"]),
        }
    }

    fn says(&self, words: &str) -> bool {
        self.detail.to_ascii_lowercase().contains(words)
    }

    fn is_duplicate(&self) -> bool {
        self.says("duplicate content")
    }

    fn text(&self, status: u16) -> String {
        match (self.detail.as_str(), self.title.as_str()) {
            ("", "") => format!("answered with HTTP {status} and no explanation"),
            ("", title) => title.to_owned(),
            (detail, _) => detail.to_owned(),
        }
    }

    fn code(&self) -> Option<String> {
        let slug = Some(&self.slug).filter(|slug| !slug.is_empty() && *slug != "about:blank");
        slug.or(Some(&self.title).filter(|title| !title.is_empty()))
            .cloned()
    }
}

fn class(response: &Response, problem: &Problem) -> FailureClass {
    match (response.status, problem.slug.as_str()) {
        (401, _) | (403, "unsupported-authentication") => FailureClass::Reauthorize,
        (402, _) | (403, "client-forbidden") | (429, "usage-capped") => FailureClass::Operator,
        (403, "oauth1-permissions" | "not-authorized-for-resource") => FailureClass::Permission,
        (403, _)
            if problem.says("scope") || problem.says("forbidden") || problem.says("suspended") =>
        {
            FailureClass::Permission
        }
        (429, _) => rate_limited(response),
        (300..=399 | 408 | 409 | 425 | 500.., _) => FailureClass::Retry,
        _ => FailureClass::Rejected,
    }
}

/// The limits of a call, widest first: the app's day, the account's day, the quarter of an hour.
const WINDOWS: [&str; 3] = ["x-app-limit-24hour", "x-user-limit-24hour", "x-rate-limit"];

/// The limit that is used up decides; without such a header it is the quarter of an hour.
fn rate_limited(response: &Response) -> FailureClass {
    let used_up = used_up(response);
    let window = used_up.unwrap_or("x-rate-limit");
    FailureClass::RateLimited {
        until: reset(response, window).or_else(|| reset(response, "x-rate-limit")),
        app_wide: used_up == Some(WINDOWS[0]),
    }
}

/// A created post whose headers say that it was the last one of a limit.
pub fn exhausted(response: &Response) -> Option<Exhausted> {
    // Only the answer to a new post speaks of the limit of posts.
    if response.status != 201 {
        return None;
    }
    let window = used_up(response)?;
    Some(Exhausted {
        until: reset(response, window)?,
        app_wide: window == WINDOWS[0],
    })
}

/// What the answer to a new post says about the limits of posts.
pub fn limits(response: &Response) -> Vec<LimitReading> {
    if response.status != 201 {
        return Vec::new();
    }
    let reading = |window: &str| {
        let part = |name: &str| number(response, &format!("{window}-{name}"));
        Some(LimitReading {
            window_seconds: if window == WINDOWS[2] { 900 } else { 86_400 },
            posts: part("limit")?.try_into().ok()?,
            remaining: part("remaining")?.try_into().ok()?,
            resets_at: reset(response, window),
            app_wide: window == WINDOWS[0],
        })
    };
    WINDOWS.into_iter().filter_map(reading).collect()
}

fn used_up(response: &Response) -> Option<&'static str> {
    WINDOWS
        .into_iter()
        .find(|window| number(response, &format!("{window}-remaining")) == Some(0))
}

fn reset(response: &Response, window: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(number(response, &format!("{window}-reset"))?, 0)
}

fn number(response: &Response, name: &str) -> Option<i64> {
    response.header(name)?.trim().parse().ok()
}

fn request_id(response: &Response) -> Option<String> {
    let header = response
        .header("x-transaction-id")
        .or_else(|| response.header("x-request-id"));
    header.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str, headers: &[(&str, &str)]) -> Response {
        Response {
            status,
            headers: headers
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            body: body.to_owned().into(),
        }
    }

    fn problem(status: u16, slug: &str, detail: &str) -> Response {
        let kind = if slug.is_empty() {
            "about:blank".to_owned()
        } else {
            format!("https://api.x.com/2/problems/{slug}")
        };
        let body = json!({"type": kind, "title": "Title", "detail": detail, "status": status});
        answer(status, &body.to_string(), &[])
    }

    #[test]
    fn refusals_have_the_class_of_the_catalogue() {
        use FailureClass::{Operator, Permission, Reauthorize, Rejected, Retry};
        let cases = [
            (
                400,
                "invalid-request",
                "One or more parameters to your request was invalid.",
                Rejected,
            ),
            (401, "", "Unauthorized", Reauthorize),
            (
                402,
                "credits",
                "CreditsDepleted: Your enrolled account [1] does not have any credits",
                Operator,
            ),
            (
                403,
                "",
                "You are not permitted to perform this action.",
                Rejected,
            ),
            (
                403,
                "unsupported-authentication",
                "Unsupported Authentication",
                Reauthorize,
            ),
            (
                403,
                "client-forbidden",
                "Client Forbidden (client-not-enrolled)",
                Operator,
            ),
            (403, "", "Posts may have a maximum of one cashtag", Rejected),
            (403, "", "Forbidden", Permission),
            (404, "resource-not-found", "Not Found Error", Rejected),
            (
                429,
                "usage-capped",
                "UsageCapExceeded: Monthly product cap",
                Operator,
            ),
            (500, "", "Internal Server Error", Retry),
            (503, "", "Service Unavailable", Retry),
        ];
        for (status, slug, detail, class) in cases {
            let failure = classify(&problem(status, slug, detail), DateTime::UNIX_EPOCH);
            assert_eq!(
                (failure.class, failure.message),
                (class, format!("X: {detail}"))
            );
            assert_eq!(failure.status, Some(status));
        }
    }

    #[test]
    fn a_rate_limit_ends_when_its_own_window_does() {
        let limited = |headers: &[(&str, &str)]| {
            classify(&answer(429, "{}", headers), DateTime::UNIX_EPOCH).class
        };
        let until = |at| DateTime::from_timestamp(at, 0);
        assert_eq!(
            limited(&[
                ("x-rate-limit-remaining", "0"),
                ("x-rate-limit-reset", "1700000000")
            ]),
            FailureClass::RateLimited {
                until: until(1_700_000_000),
                app_wide: false
            }
        );
        assert_eq!(
            limited(&[
                ("x-rate-limit-reset", "1700000000"),
                ("x-app-limit-24hour-remaining", "0"),
                ("x-app-limit-24hour-reset", "1700050000"),
            ]),
            FailureClass::RateLimited {
                until: until(1_700_050_000),
                app_wide: true
            }
        );
        assert_eq!(
            limited(&[]),
            FailureClass::RateLimited {
                until: None,
                app_wide: false
            }
        );
    }

    #[test]
    fn the_last_post_of_a_limit_is_told_by_its_own_answer() {
        let last = [
            ("x-rate-limit-remaining", "0"),
            ("x-rate-limit-reset", "1700000000"),
        ];
        let told = Exhausted {
            until: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
            app_wide: false,
        };
        assert_eq!(exhausted(&answer(201, "{}", &last)), Some(told));
        assert_eq!(exhausted(&answer(200, "{}", &last)), None);
        assert!(limits(&answer(200, "{}", &last)).is_empty());
        let left = [
            ("x-rate-limit-remaining", "1"),
            ("x-rate-limit-reset", "1700000000"),
        ];
        assert_eq!(exhausted(&answer(201, "{}", &left)), None);
    }

    #[test]
    fn only_a_definite_refusal_of_the_visible_call_is_a_failure() {
        let unknown = [
            problem(
                403,
                "",
                "You are not allowed to create a Tweet with duplicate content.",
            ),
            answer(403, "{\"detail\":\"You are not allo", &[]),
            answer(500, "", &[]),
            problem(503, "", "Service Unavailable"),
            answer(302, "", &[]),
        ];
        for response in &unknown {
            assert!(
                matches!(
                    judge_refusal(response),
                    Outcome::Unknown { .. } | Outcome::Duplicate { .. }
                ),
                "{response:?}"
            );
        }
        assert!(matches!(
            judge_refusal(&unknown[0]),
            Outcome::Duplicate { .. }
        ));
        let failed = [
            problem(403, "", "You are not permitted to perform this action."),
            answer(401, "", &[]),
            answer(429, "{\"tit", &[]),
            problem(400, "invalid-request", "too long"),
        ];
        for response in failed {
            assert!(
                matches!(judge_refusal(&response), Outcome::Failed(_)),
                "{response:?}"
            );
        }
    }

    #[test]
    fn the_older_list_of_errors_is_read_too() {
        let body = r#"{"errors":[{"code":88,"message":"Rate limit exceeded"}]}"#;
        let failure = classify(
            &answer(429, body, &[("x-transaction-id", "t1")]),
            DateTime::UNIX_EPOCH,
        );
        assert_eq!(failure.message, "X: Rate limit exceeded");
        assert_eq!(failure.request_id, Some("t1".to_owned()));
    }

    #[test]
    fn a_new_post_tells_what_is_left() {
        let headers = [
            ("x-rate-limit-limit", "100"),
            ("x-rate-limit-remaining", "40"),
            ("x-rate-limit-reset", "1799050000"),
            ("x-app-limit-24hour-limit", "10000"),
            ("x-app-limit-24hour-remaining", "7"),
        ];
        let app = LimitReading {
            window_seconds: 86_400,
            posts: 10_000,
            remaining: 7,
            resets_at: None,
            app_wide: true,
        };
        let account = LimitReading {
            window_seconds: 900,
            posts: 100,
            remaining: 40,
            resets_at: DateTime::from_timestamp(1_799_050_000, 0),
            app_wide: false,
        };
        assert_eq!(limits(&answer(201, "{}", &headers)), [app, account]);
    }
}
