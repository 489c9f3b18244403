use chrono::{DateTime, SubsecRound, Utc};
use posthaste_core::{Error, ErrorCode, Result, access::Permission};
use serde::Deserialize;
use serde_json::json;

use super::Control;
use crate::{Actor, App, post::HORIZON};

/// The clock of all processes of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Clock {
    /// What time it is.
    pub now: DateTime<Utc>,
    /// How far it is ahead of the machine's, in milliseconds.
    pub offset_ms: i64,
}

/// How the clock is moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Advance {
    /// By so many seconds.
    By(f64),
    /// To this instant.
    To(DateTime<Utc>),
}

/// The clock.
pub async fn clock(app: &App, actor: &Actor) -> Result<Clock> {
    actor.require(Permission::Read)?;
    Control::of(app)?.get("clock").await
}

/// Moves the clock forwards, for the API, the workers and the networks alike; at most five years.
pub async fn clock_advance(app: &App, actor: &Actor, advance: Advance) -> Result<Clock> {
    actor.using(Permission::Write)?.require_whole()?;
    let control = Control::of(app)?;
    let (by, field) = match advance {
        Advance::By(seconds) => (seconds, "seconds"),
        Advance::To(at) => ((at - app.now()).as_seconds_f64(), "to"),
    };
    let refuse = |code: ErrorCode, message: &str| Err(Error::new(code, message).at([field]));
    if !by.is_finite() || by <= 0.0 {
        let message = "The clock goes forwards only; sandboxClockReset puts it back.";
        return refuse(ErrorCode::TimeInPast, message);
    }
    if by > HORIZON.as_seconds_f64() {
        return refuse(ErrorCode::TimeTooFar, "At most five years at a time.");
    }
    let order = match advance {
        Advance::By(seconds) => json!({ "advanceSeconds": seconds }),
        Advance::To(at) => json!({ "now": at }),
    };
    moved(app, control.post("clock", order).await?).await
}

/// Puts the clock back to the machine's time.
pub async fn clock_reset(app: &App, actor: &Actor) -> Result<Clock> {
    actor.using(Permission::Write)?.require_whole()?;
    let order = json!({ "reset": true });
    moved(app, Control::of(app)?.post("clock", order).await?).await
}

/// Workers rest until the next due time by the old clock: they look again.
async fn moved(app: &App, clock: Clock) -> Result<Clock> {
    app.hints.committed();
    Ok(Clock {
        now: clock.now.trunc_subsecs(3),
        ..clock
    })
}
