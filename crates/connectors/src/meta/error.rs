//! The Graph's errors and what they mean (networks.md, 2.5 and 3.4; the catalogue of error codes).

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Network,
    connector::{Exhausted, Failure, FailureClass, Outcome},
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
    /// The same was published before, by this very post or another.
    Duplicate,
}

/// Codes and subcodes; the first row that matches counts, so subcodes stand before their codes.
const MEANINGS: &[(Option<i64>, Option<i64>, Meaning)] = &[
    (Some(190), Some(2_069_032), Meaning::Operator),
    (Some(190), None, Meaning::Reauthorize),
    (Some(102), None, Meaning::Reauthorize),
    // Subcodes of Facebook, seen in the field.
    (None, Some(1_366_046), Meaning::Rejected),
    (None, Some(1_366_051), Meaning::Duplicate),
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
    // It fetches media from us, who may be away for a moment.
    (None, Some(2_207_052), Meaning::Retry),
    (None, Some(2_207_053), Meaning::Retry),
    (None, Some(2_207_057), Meaning::Rejected),
    // Codes.
    (Some(1), None, Meaning::Doubtful),
    (Some(2), None, Meaning::Doubtful),
    (Some(-1), None, Meaning::Doubtful),
    (Some(368), None, Meaning::Doubtful),
    (Some(506), None, Meaning::Duplicate),
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
            Meaning::Doubtful | Meaning::Duplicate => false,
            Meaning::Rejected | Meaning::Retry => !broken,
            _ => true,
        };
        if definite {
            return Outcome::Failed(self.failure);
        }
        let code = self.failure.remote_code.unwrap_or_default();
        let reason = format!("{} (code {code})", self.failure.message);
        if self.meaning == Meaning::Duplicate {
            Outcome::Duplicate { reason }
        } else {
            Outcome::Unknown { reason }
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
        Meaning::Retry | Meaning::Doubtful | Meaning::Duplicate => FailureClass::Retry,
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

/// The business use case that is throttled already although this call was still answered.
pub fn exhausted(response: &Response, now: DateTime<Utc>) -> Option<Exhausted> {
    let until = regained_at(response, now)?;
    Some(Exhausted {
        until,
        app_wide: false,
    })
}

/// When the limit ends: Retry-After, or the longest `estimated_time_to_regain_access` (minutes) of
/// X-Business-Use-Case-Usage (networks.md, 2.4).
fn regained_at(response: &Response, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Some(wait) = response.retry_after(now) {
        return now.checked_add_signed(wait);
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
mod tests;
