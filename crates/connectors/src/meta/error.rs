//! The Graph's errors and what they mean (networks.md, 2.5 and 3.4; the catalogue of error codes).

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Network,
    connector::{Failure, FailureClass, Outcome},
    ports::Response,
    secret::Secret,
};
use serde_json::Value;

use crate::wire::redact;

/// How long to wait when the daily quota of an account is used up: it frees up by the hour.
const QUOTA_WAIT: TimeDelta = TimeDelta::hours(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Reauthorize,
    Permission,
    Limited,
    LimitedApp,
    Quota,
    Rejected,
    Operator,
    Retry,
    /// A publish with this answer was seen live, or may be.
    Doubtful,
}

/// Codes and subcodes; the first row that matches counts, so subcodes stand before their codes.
const MEANINGS: &[(Option<i64>, Option<i64>, Meaning)] = &[
    (Some(190), Some(2_069_032), Meaning::Operator),
    (Some(190), None, Meaning::Reauthorize),
    (Some(102), None, Meaning::Reauthorize),
    // Subcodes of Facebook, seen in the field.
    (None, Some(1_366_046), Meaning::Rejected),
    (None, Some(1_366_051), Meaning::Doubtful),
    (None, Some(1_390_008), Meaning::Limited),
    (None, Some(1_346_003), Meaning::Rejected),
    (None, Some(1_404_006), Meaning::Operator),
    (None, Some(1_404_078), Meaning::Operator),
    (None, Some(1_404_102), Meaning::Rejected),
    (None, Some(1_404_112), Meaning::Operator),
    (None, Some(1_609_008), Meaning::Rejected),
    (None, Some(2_061_006), Meaning::Rejected),
    (None, Some(1_363_047), Meaning::Doubtful),
    (None, Some(1_609_010), Meaning::Doubtful),
    (None, Some(4_854_002), Meaning::Operator),
    (None, Some(2_069_019), Meaning::Rejected),
    // Subcodes of Instagram, from its official table.
    (None, Some(2_207_001), Meaning::Doubtful),
    (None, Some(2_207_003), Meaning::Retry),
    (None, Some(2_207_006), Meaning::Doubtful),
    (None, Some(2_207_008), Meaning::Doubtful),
    (None, Some(2_207_020), Meaning::Retry),
    (None, Some(2_207_027), Meaning::Retry),
    (None, Some(2_207_032), Meaning::Retry),
    (None, Some(2_207_042), Meaning::Quota),
    (None, Some(2_207_050), Meaning::Operator),
    (None, Some(2_207_051), Meaning::Doubtful),
    (None, Some(2_207_053), Meaning::Retry),
    (None, Some(2_207_057), Meaning::Rejected),
    // Codes.
    (Some(1), None, Meaning::Doubtful),
    (Some(2), None, Meaning::Doubtful),
    (Some(-1), None, Meaning::Doubtful),
    (Some(368), None, Meaning::Doubtful),
    (Some(506), None, Meaning::Doubtful),
    (Some(3), None, Meaning::Permission),
    (Some(10), None, Meaning::Permission),
    (Some(100), Some(33), Meaning::Permission),
    (Some(4), None, Meaning::LimitedApp),
    (Some(341), None, Meaning::LimitedApp),
    (Some(17), None, Meaning::Limited),
    (Some(32), None, Meaning::Limited),
    (Some(613), None, Meaning::Limited),
    (Some(80_001), None, Meaning::Limited),
    (Some(80_002), None, Meaning::Limited),
    (Some(-2), None, Meaning::Retry),
];

/// An answer that is no success.
#[derive(Debug)]
pub struct GraphError {
    meaning: Meaning,
    failure: Failure,
}

impl GraphError {
    /// Reads an answer; `secrets` never reach the message.
    pub fn read(
        network: Network,
        response: &Response,
        now: DateTime<Utc>,
        secrets: &[&Secret],
    ) -> Self {
        let body = response.json();
        let error = &body["error"];
        let code = error["code"].as_i64();
        let subcode = error["error_subcode"].as_i64().filter(|code| *code != 0);
        let meaning = meaning(response.status, code, subcode, &error["is_transient"]);
        let said = ["error_user_msg", "message"]
            .into_iter()
            .find_map(|name| error[name].as_str().filter(|text| !text.is_empty()))
            .map_or_else(
                || format!("HTTP {}", response.status),
                |said| redact(said, secrets),
            );
        let mut message = format!("{network} says: {said}");
        if let Some(advice) = advice(meaning) {
            message = format!("{}. {advice}", message.trim_end_matches('.'));
        }
        let failure = Failure {
            class: class(meaning, response, now),
            message,
            status: Some(response.status),
            remote_code: code.map(|code| match subcode {
                Some(subcode) => format!("{code}/{subcode}"),
                None => code.to_string(),
            }),
            request_id: error["fbtrace_id"]
                .as_str()
                .or_else(|| response.header("x-fb-request-id"))
                .map(str::to_owned),
        };
        Self { meaning, failure }
    }

    /// The failure of a call that may be repeated.
    pub fn into_failure(self) -> Failure {
        self.failure
    }

    /// The outcome of the one visible call.
    pub fn into_outcome(self) -> Outcome {
        let broken = self.failure.status.is_none_or(|status| status >= 500);
        let definite = match self.meaning {
            Meaning::Doubtful => false,
            Meaning::Rejected | Meaning::Retry => !broken,
            _ => true,
        };
        if definite {
            return Outcome::Failed(self.failure);
        }
        let code = self.failure.remote_code.unwrap_or_default();
        Outcome::Unknown {
            reason: format!("{} (code {code})", self.failure.message),
        }
    }
}

/// True when the object a call names does not exist for this token (100/33, 24/2207006).
pub fn is_gone(failure: &Failure) -> bool {
    matches!(
        failure.remote_code.as_deref(),
        Some("100/33" | "24/2207006")
    )
}

fn meaning(status: u16, code: Option<i64>, subcode: Option<i64>, transient: &Value) -> Meaning {
    if let Some(code) = code {
        let known = MEANINGS.iter().find(|(row_code, row_subcode, _)| {
            row_code.is_none_or(|row| row == code)
                && (row_subcode.is_none() || *row_subcode == subcode)
        });
        return match known {
            Some((_, _, meaning)) => *meaning,
            None if (200..300).contains(&code) => Meaning::Permission,
            None if status >= 500 || transient.as_bool() == Some(true) => Meaning::Doubtful,
            None => Meaning::Rejected,
        };
    }
    match status {
        401 => Meaning::Reauthorize,
        429 => Meaning::Limited,
        // Without the Graph's own error nobody knows who answered.
        _ => Meaning::Doubtful,
    }
}

fn class(meaning: Meaning, response: &Response, now: DateTime<Utc>) -> FailureClass {
    match meaning {
        Meaning::Reauthorize => FailureClass::Reauthorize,
        Meaning::Permission => FailureClass::Permission,
        Meaning::Limited | Meaning::LimitedApp => FailureClass::RateLimited {
            until: regained_at(response, now),
            app_wide: meaning == Meaning::LimitedApp,
        },
        Meaning::Quota => FailureClass::RateLimited {
            until: Some(now + QUOTA_WAIT),
            app_wide: false,
        },
        Meaning::Rejected => FailureClass::Rejected,
        Meaning::Operator => FailureClass::Operator,
        Meaning::Retry | Meaning::Doubtful => FailureClass::Retry,
    }
}

fn advice(meaning: Meaning) -> Option<&'static str> {
    match meaning {
        Meaning::Reauthorize => Some("Reconnect the account."),
        Meaning::Permission => Some(
            "Reconnect the account with all requested permissions, or check its role on the Page.",
        ),
        Meaning::Operator => Some("Look at the account and the app on the network's own pages."),
        _ => None,
    }
}

/// When the limit ends: Retry-After, or the longest `estimated_time_to_regain_access` (minutes) of
/// X-Business-Use-Case-Usage (networks.md, 2.4).
fn regained_at(response: &Response, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Some(seconds) = response
        .header("retry-after")
        .and_then(|text| text.parse().ok())
    {
        return now.checked_add_signed(TimeDelta::try_seconds(seconds)?);
    }
    let usage = response.header("x-business-use-case-usage")?;
    let usage: Value = serde_json::from_str(usage).ok()?;
    let cases = usage.as_object()?.values();
    let minutes = cases
        .flat_map(|cases| cases.as_array().into_iter().flatten())
        .filter_map(|case| case["estimated_time_to_regain_access"].as_i64())
        .max()
        .filter(|minutes| *minutes > 0)?;
    now.checked_add_signed(TimeDelta::try_minutes(minutes)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, code: i64, subcode: Option<i64>) -> Response {
        let body = json!({"error": {"message": "No.", "code": code, "error_subcode": subcode, "fbtrace_id": "T"}});
        Response {
            status,
            headers: Vec::new(),
            body: body.to_string().into(),
        }
    }

    fn error(response: &Response) -> GraphError {
        GraphError::read(Network::Facebook, response, DateTime::UNIX_EPOCH, &[])
    }

    /// The rows of the error catalogue: status, code, subcode, what the visible call comes to.
    #[test]
    fn every_known_code_of_a_publish_has_its_outcome() {
        let limited = |app_wide| FailureClass::RateLimited {
            until: None,
            app_wide,
        };
        let quota = FailureClass::RateLimited {
            until: Some(DateTime::UNIX_EPOCH + QUOTA_WAIT),
            app_wide: false,
        };
        let unknown = None;
        let cases = [
            (400, 190, None, Some(FailureClass::Reauthorize)),
            (401, 190, Some(458), Some(FailureClass::Reauthorize)),
            (400, 190, Some(463), Some(FailureClass::Reauthorize)),
            (400, 190, Some(492), Some(FailureClass::Reauthorize)),
            (400, 190, Some(2_069_032), Some(FailureClass::Operator)),
            (400, 102, None, Some(FailureClass::Reauthorize)),
            (403, 10, None, Some(FailureClass::Permission)),
            (403, 200, None, Some(FailureClass::Permission)),
            (403, 299, None, Some(FailureClass::Permission)),
            (400, 3, None, Some(FailureClass::Permission)),
            (400, 100, Some(33), Some(FailureClass::Permission)),
            (500, 1, None, unknown.clone()),
            (500, 2, None, unknown.clone()),
            (400, 2, None, unknown.clone()),
            (400, 368, None, unknown.clone()),
            (400, 506, Some(1_455_006), unknown.clone()),
            (400, 100, Some(1_366_051), unknown.clone()),
            (400, 4, None, Some(limited(true))),
            (400, 341, None, Some(limited(true))),
            (400, 17, None, Some(limited(false))),
            (400, 32, None, Some(limited(false))),
            (400, 613, Some(1996), Some(limited(false))),
            (400, 80_001, None, Some(limited(false))),
            (400, 80_002, None, Some(limited(false))),
            (400, 100, Some(1_390_008), Some(limited(false))),
            (400, 100, None, Some(FailureClass::Rejected)),
            (400, 1_609_005, None, Some(FailureClass::Rejected)),
            (400, 1_363_128, None, Some(FailureClass::Rejected)),
            (400, 100, Some(1_404_078), Some(FailureClass::Operator)),
            (400, -1, Some(2_207_001), unknown.clone()),
            (400, 4, Some(2_207_051), unknown.clone()),
            (400, 24, Some(2_207_006), unknown.clone()),
            (400, 24, Some(2_207_008), unknown.clone()),
            (400, -2, Some(2_207_003), Some(FailureClass::Retry)),
            (400, 9007, Some(2_207_027), Some(FailureClass::Retry)),
            (400, 9, Some(2_207_042), Some(quota)),
            (400, 25, Some(2_207_050), Some(FailureClass::Operator)),
            (400, 1, Some(2_207_057), Some(FailureClass::Rejected)),
            (400, 352, Some(2_207_026), Some(FailureClass::Rejected)),
            (400, 36_003, Some(2_207_009), Some(FailureClass::Rejected)),
            (503, 99_999, None, unknown.clone()),
            (500, 36_003, Some(2_207_009), unknown),
        ];
        for (status, code, subcode, expected) in cases {
            let outcome = error(&answer(status, code, subcode)).into_outcome();
            let class = match outcome {
                Outcome::Failed(failure) => Some(failure.class),
                Outcome::Unknown { .. } => None,
                Outcome::Published(_) => panic!("{code} is no success"),
            };
            assert_eq!(class, expected, "{status} {code}/{subcode:?}");
        }
    }

    #[test]
    fn an_answer_that_is_not_the_graphs_is_doubtful() {
        for status in [400, 404, 502] {
            let response = Response {
                status,
                headers: Vec::new(),
                body: "<html>".into(),
            };
            let outcome = error(&response).into_outcome();
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{status}");
        }
    }

    #[test]
    fn the_limit_ends_when_the_longest_use_case_does() {
        let usage = json!({"1": [{"type": "pages", "estimated_time_to_regain_access": 4}],
            "2": [{"type": "instagram", "estimated_time_to_regain_access": 19}]});
        let mut response = answer(400, 80_001, None);
        let header = ("x-business-use-case-usage".to_owned(), usage.to_string());
        response.headers.push(header);
        assert_eq!(
            error(&response).into_failure().class,
            FailureClass::RateLimited {
                until: Some(DateTime::UNIX_EPOCH + TimeDelta::minutes(19)),
                app_wide: false
            }
        );
    }

    #[test]
    fn the_message_keeps_code_and_trace_but_no_token() {
        let body = json!({"error": {"message": "Malformed access token EAAB123", "code": 190,
            "error_subcode": 467, "fbtrace_id": "T"}});
        let response = Response {
            status: 400,
            headers: Vec::new(),
            body: body.to_string().into(),
        };
        let token = Secret::new("EAAB123");
        let failure = GraphError::read(
            Network::Instagram,
            &response,
            DateTime::UNIX_EPOCH,
            &[&token],
        )
        .into_failure();
        assert_eq!(
            failure,
            Failure {
                class: FailureClass::Reauthorize,
                message: "Instagram says: Malformed access token …. Reconnect the account.".into(),
                status: Some(400),
                remote_code: Some("190/467".into()),
                request_id: Some("T".into()),
            }
        );
    }
}
