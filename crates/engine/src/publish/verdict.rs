//! What an answer of a network means for a target. Pure: the whole table is tested here.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    ErrorCode, Network,
    connector::{Failure, FailureClass, Intent, Lookup, Outcome, Published},
    ports::Random,
    target::{MAX_ATTEMPTS, Timing, read_back_delay},
};
use posthaste_store::{
    publish::Move,
    target::{IfAbsent, Target},
};

use crate::preflight::{Obstacle, Remedy};

/// How long a rate limit without a reset time is waited out.
const UNSAID_LIMIT: TimeDelta = TimeDelta::minutes(1);
/// The longest window that a network counts in is a day; a reset time beyond it is a mistake of the
/// network, and nobody could take back a wait of years.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(25);
/// How long an unknown outcome may stay unreadable before a person is asked.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);
/// How long a network may say that it is still working on a post. None documents a limit; long videos take
/// hours.
const LONGEST_PROCESSING: TimeDelta = TimeDelta::hours(24);

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The targets of one kind on a connection, for a place under a limit of that kind.
    Kind,
    /// The line of a connection.
    Line,
    /// A whole network.
    Network,
}

impl Who {
    /// Whom a limit of a network binds.
    pub fn of_limit(app_wide: bool) -> Self {
        if app_wide { Self::Network } else { Self::Line }
    }
}

/// Why something waits that is for a place under a limit.
pub(super) const FOR_A_PLACE: &str = "quota";

/// Why something waits whose token is refused, or cannot be had.
pub(super) const TOKEN: &str = "token";

/// Who waits, until when, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub until: DateTime<Utc>,
    pub reason: &'static str,
    pub who: Who,
}

/// What becomes of a target.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub to: Move,
    /// Code and message of the trouble, if any.
    pub trouble: Option<(ErrorCode, String)>,
    pub wait: Option<Wait>,
    /// The network no longer accepts our access; who gives the verdict marks the account.
    pub reconnect: bool,
}

impl Verdict {
    pub fn plain(to: Move) -> Self {
        Self {
            to,
            trouble: None,
            wait: None,
            reconnect: false,
        }
    }

    pub fn troubled(to: Move, code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            trouble: Some((code, message.into())),
            ..Self::plain(to)
        }
    }

    fn waiting(self, until: DateTime<Utc>, reason: &'static str, who: Who) -> Self {
        Self {
            wait: Some(Wait { until, reason, who }),
            ..self
        }
    }

    pub fn published(live: Published) -> Self {
        Self::plain(Move::Published(live))
    }

    /// Put back without a try being used up; something outside the target was in the way.
    pub fn put_back(
        until: DateTime<Utc>,
        reason: &'static str,
        code: ErrorCode,
        message: impl Into<String>,
    ) -> Self {
        Self::troubled(Move::Again { counted: false }, code, message).waiting(
            until,
            reason,
            Who::Line,
        )
    }

    /// The account waits for its next try with another token.
    pub fn at_token(self, until: DateTime<Utc>) -> Self {
        self.waiting(until, TOKEN, Who::Line)
    }

    pub fn held(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::troubled(Move::Held, code, message)
    }

    pub fn failed(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::troubled(Move::Failed, code, message)
    }
}

/// What preflight or the governor found before anything was sent.
impl From<Obstacle> for Verdict {
    fn from(found: Obstacle) -> Self {
        match found.remedy {
            Remedy::Wait { until, of_kind } => {
                let who = if of_kind { Who::Kind } else { Who::Line };
                Self::troubled(Move::Again { counted: false }, found.code, found.message).waiting(
                    until,
                    FOR_A_PLACE,
                    who,
                )
            }
            Remedy::Hold => Self::held(found.code, found.message),
            Remedy::Fail => Self::failed(found.code, found.message),
        }
    }
}

/// What the decisions depend on besides the answer.
pub(super) struct Circumstances<'a> {
    pub now: DateTime<Utc>,
    pub network: Network,
    /// Number of this try, from 1.
    pub attempt: i32,
    pub settle: std::time::Duration,
    pub timing: Timing,
    pub random: &'a dyn Random,
}

impl Circumstances<'_> {
    /// The settle time in force for a network.
    pub fn settle(timing: &Timing, own: std::time::Duration) -> std::time::Duration {
        timing.settle.unwrap_or(own)
    }

    /// Whether what was sent `since` then may stay unread for longer.
    pub fn is_patient(&self, since: DateTime<Utc>) -> bool {
        self.now - since < self.timing.paced(PATIENCE)
    }

    /// When a limit ends, as the network says; a minute from now when it does not.
    fn reset(&self, said: Option<DateTime<Utc>>) -> DateTime<Utc> {
        said.filter(|until| *until > self.now)
            .map_or(self.now + self.timing.paced(UNSAID_LIMIT), |until| {
                at_most(until, self.now)
            })
    }
}

/// A network's reset time, within reason.
pub(super) fn at_most(until: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    until.min(now + LONGEST_WAIT)
}

/// When the last call was about to be made.
pub(super) fn sent_at(intent: &Intent) -> DateTime<Utc> {
    intent.committed_at.unwrap_or(intent.at)
}

/// Whether the network refused the last call as duplicate content: then it is looked for and never
/// sent again. Kept as the target's error code through all readings.
pub(super) fn is_suspected(target: &Target) -> bool {
    target.error_code.as_deref() == Some(ErrorCode::PossibleDuplicate.as_str())
}

/// What an unknown outcome is called.
pub(super) fn doubt(suspected: bool) -> ErrorCode {
    if suspected {
        ErrorCode::PossibleDuplicate
    } else {
        ErrorCode::OutcomeUnknown
    }
}

/// After the one visible call.
pub(super) fn after_call(outcome: Outcome, at: &Circumstances<'_>) -> Verdict {
    match outcome {
        Outcome::Published(live) => Verdict::published(live),
        Outcome::Failed(failure) => after_failure(failure, at),
        Outcome::Unknown { reason } => uncertain(at, 0, ErrorCode::OutcomeUnknown, reason),
        Outcome::Duplicate { reason } => uncertain(at, 0, ErrorCode::PossibleDuplicate, reason),
    }
}

/// After a call that surely made nothing visible.
pub(super) fn after_failure(failure: Failure, at: &Circumstances<'_>) -> Verdict {
    let code = failure.code();
    let message = failure.message;
    match failure.class {
        FailureClass::Retry if at.attempt >= MAX_ATTEMPTS => Verdict::failed(
            ErrorCode::AttemptsUsedUp,
            format!("All {MAX_ATTEMPTS} tries failed. The last: {message}"),
        ),
        FailureClass::Retry => {
            let until = at.now + at.timing.back_off(at.attempt, at.random);
            Verdict::troubled(Move::Again { counted: true }, code, message).waiting(
                until,
                "retry",
                Who::Line,
            )
        }
        FailureClass::RateLimited { until, app_wide } => {
            let until = at.reset(until);
            Verdict::troubled(Move::Again { counted: false }, code, message).waiting(
                until,
                "rate limit",
                Who::of_limit(app_wide),
            )
        }
        FailureClass::Reauthorize => Verdict {
            reconnect: true,
            ..Verdict::held(code, message)
        },
        FailureClass::Permission | FailureClass::Operator => Verdict::held(code, message),
        FailureClass::Rejected => Verdict::failed(code, message),
    }
}

/// After a reading back. `misses` counts readings before this one that found nothing; `since` is when the
/// last intent was committed; `suspected`: the network refused the call as duplicate content, so sending the
/// same again is no use.
pub(super) fn after_lookup(
    lookup: Lookup,
    at: &Circumstances<'_>,
    misses: i32,
    needed: i32,
    if_absent: IfAbsent,
    since: DateTime<Utc>,
    suspected: bool,
) -> Verdict {
    let code = doubt(suspected);
    match lookup {
        Lookup::Processing { reason } => processed_later(at, misses, code, since, reason),
        Lookup::Found(live) => Verdict::published(live),
        Lookup::CannotTell { reason } => Verdict::held(ErrorCode::OutcomeUnknown, reason),
        Lookup::Absent { proved } if !proved && misses + 1 < needed => {
            let reason = format!(
                "Not found on {} yet ({} of {needed} readings).",
                at.network,
                misses + 1
            );
            uncertain(at, misses + 1, code, reason)
        }
        Lookup::Absent { .. } if suspected => Verdict::held(
            ErrorCode::PossibleDuplicate,
            format!(
                "{} refuses the text because the account has posted the same before. Change the text, or drop the post.",
                at.network
            ),
        ),
        Lookup::Absent { .. } => absent(at, if_absent),
    }
}

/// The network has it and works on it: read more and more seldom, by a tenth of the time it took so far.
fn processed_later(
    at: &Circumstances<'_>,
    misses: i32,
    code: ErrorCode,
    since: DateTime<Utc>,
    reason: String,
) -> Verdict {
    let so_far = at.now - since;
    if so_far >= at.timing.paced(LONGEST_PROCESSING) {
        return Verdict::held(ErrorCode::OutcomeUnknown, reason);
    }
    let settle = TimeDelta::from_std(at.settle).unwrap_or(PATIENCE);
    let to = Move::Uncertain {
        read_back_at: at.now + settle.max(so_far / 10),
        misses,
    };
    Verdict::troubled(to, code, reason)
}

fn absent(at: &Circumstances<'_>, if_absent: IfAbsent) -> Verdict {
    let network = at.network;
    if if_absent == IfAbsent::Hold {
        let message = format!("{network} shows no such post. Publish it again, or drop it.");
        return Verdict::held(ErrorCode::OutcomeUnknown, message);
    }
    if at.attempt >= MAX_ATTEMPTS {
        return Verdict::failed(
            ErrorCode::AttemptsUsedUp,
            format!("All {MAX_ATTEMPTS} tries came to nothing on {network}."),
        );
    }
    let message = format!("{network} shows no such post; it is sent again.");
    Verdict::troubled(
        Move::Again { counted: true },
        ErrorCode::NetworkUnavailable,
        message,
    )
}

/// After a reading back that failed itself. `since` is when the last intent was committed.
pub(super) fn after_failed_lookup(
    failure: Failure,
    at: &Circumstances<'_>,
    misses: i32,
    since: DateTime<Utc>,
    suspected: bool,
) -> Verdict {
    let patient = at.is_patient(since);
    match failure.class {
        FailureClass::RateLimited { until, .. } if patient => Verdict::troubled(
            Move::Uncertain {
                read_back_at: at.reset(until),
                misses,
            },
            doubt(suspected),
            failure.message,
        ),
        FailureClass::Retry if patient => uncertain(at, misses, doubt(suspected), failure.message),
        FailureClass::Reauthorize => Verdict {
            reconnect: true,
            ..Verdict::held(
                ErrorCode::OutcomeUnknown,
                format!(
                    "Whether it is live cannot be read back without access: {}",
                    failure.message
                ),
            )
        },
        _ => Verdict::held(
            ErrorCode::OutcomeUnknown,
            format!(
                "Whether it is live could not be read back: {}",
                failure.message
            ),
        ),
    }
}

/// Read back later: the settle time, doubled with each reading that found nothing.
fn uncertain(
    at: &Circumstances<'_>,
    misses: i32,
    code: ErrorCode,
    reason: impl Into<String>,
) -> Verdict {
    let delay = TimeDelta::from_std(read_back_delay(at.settle, misses)).unwrap_or(PATIENCE);
    let to = Move::Uncertain {
        read_back_at: at.now + delay,
        misses,
    };
    Verdict::troubled(to, code, reason)
}

#[cfg(test)]
mod tests;
