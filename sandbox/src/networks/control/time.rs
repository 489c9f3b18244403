//! The clock.

use axum::{Json, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Refused;
use crate::networks::Networks;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    now: DateTime<Utc>,
    offset_ms: i64,
}

pub async fn read(State(networks): State<Networks>) -> Json<Reading> {
    Json(Reading {
        now: networks.now(),
        offset_ms: networks.clock().offset_ms(),
    })
}

/// Exactly one of the three.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    advance_seconds: Option<f64>,
    now: Option<DateTime<Utc>>,
    reset: Option<bool>,
}

pub async fn change(
    State(networks): State<Networks>,
    Json(change): Json<Change>,
) -> Result<Json<Reading>, Refused> {
    let clock = networks.clock();
    match (change.advance_seconds, change.now, change.reset) {
        (Some(seconds), None, None) if seconds.is_finite() => {
            clock.advance(TimeDelta::milliseconds((seconds * 1000.0) as i64))
        }
        (None, Some(now), None) => clock.set_now(now),
        (None, None, Some(true)) => clock.set_offset_ms(0),
        _ => {
            return Err(Refused::bad(
                "give one of advanceSeconds, now (RFC 3339), reset: true",
            ));
        }
    }
    .map_err(Refused::failed)?;
    Ok(read(State(networks)).await)
}
