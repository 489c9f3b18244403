//! What an answer of a network means for a target. Pure: the whole table is tested here.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    ErrorCode, Network,
    connector::{Failure, FailureClass, Lookup, Outcome, Published},
    ports::Random,
    target::{MAX_ATTEMPTS, Timing, back_off, read_back_delay},
};
use posthaste_store::{publish::Move, target::IfAbsent};

use crate::preflight::{Obstacle, Remedy};

/// How long a rate limit without a reset time is waited out.
const UNSAID_LIMIT: TimeDelta = TimeDelta::minutes(1);
/// How long an unknown outcome may stay unreadable before a person is asked.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);

/// Why the line of a connection, or a whole network, waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub until: DateTime<Utc>,
    pub reason: &'static str,
    pub app_wide: bool,
}

/// What becomes of a target.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub to: Move,
    /// Code and message of the trouble, if any.
    pub trouble: Option<(ErrorCode, String)>,
    pub wait: Option<Wait>,
    /// The network no longer accepts our access.
    pub reconnect: bool,
}

impl Verdict {
    fn plain(to: Move) -> Self {
        Self {
            to,
            trouble: None,
            wait: None,
            reconnect: false,
        }
    }

    fn troubled(to: Move, code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            trouble: Some((code, message.into())),
            ..Self::plain(to)
        }
    }

    fn waiting(self, until: DateTime<Utc>, reason: &'static str, app_wide: bool) -> Self {
        Self {
            wait: Some(Wait {
                until,
                reason,
                app_wide,
            }),
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
        Self::troubled(
            Move::Again {
                counted: false,
                anew: false,
            },
            code,
            message,
        )
        .waiting(until, reason, false)
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
            Remedy::Wait(until) => Self::put_back(until, "quota", found.code, found.message),
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
    pub random: &'a dyn Random,
}

impl Circumstances<'_> {
    /// The settle time in force for a network.
    pub fn settle(timing: &Timing, own: std::time::Duration) -> std::time::Duration {
        timing.settle.unwrap_or(own)
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
            let until = at.now + back_off(at.attempt, at.random);
            Verdict::troubled(
                Move::Again {
                    counted: true,
                    anew: false,
                },
                code,
                message,
            )
            .waiting(until, "retry", false)
        }
        FailureClass::RateLimited { until, app_wide } => {
            let until = until
                .filter(|until| *until > at.now)
                .unwrap_or(at.now + UNSAID_LIMIT);
            Verdict::troubled(
                Move::Again {
                    counted: false,
                    anew: false,
                },
                code,
                message,
            )
            .waiting(until, "rate limit", app_wide)
        }
        FailureClass::Reauthorize => Verdict {
            reconnect: true,
            ..Verdict::held(code, message)
        },
        FailureClass::Permission | FailureClass::Operator => Verdict::held(code, message),
        FailureClass::Rejected => Verdict::failed(code, message),
    }
}

/// After a reading back. `misses` counts readings before this one that found nothing; `suspected`:
/// the network refused the call as duplicate content, so sending the same again is no use.
pub(super) fn after_lookup(
    lookup: Lookup,
    at: &Circumstances<'_>,
    misses: i32,
    needed: i32,
    if_absent: IfAbsent,
    suspected: bool,
) -> Verdict {
    let code = if suspected {
        ErrorCode::PossibleDuplicate
    } else {
        ErrorCode::OutcomeUnknown
    };
    match lookup {
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
        Move::Again {
            counted: true,
            anew: false,
        },
        ErrorCode::NetworkUnavailable,
        message,
    )
}

/// After a reading back that failed itself. `since` is the intent's time.
pub(super) fn after_failed_lookup(
    failure: Failure,
    at: &Circumstances<'_>,
    misses: i32,
    since: DateTime<Utc>,
) -> Verdict {
    let patient = at.now - since < PATIENCE;
    match failure.class {
        FailureClass::RateLimited { until, .. } if patient => {
            let until = until
                .filter(|until| *until > at.now)
                .unwrap_or(at.now + UNSAID_LIMIT);
            Verdict::troubled(
                Move::Uncertain {
                    read_back_at: until,
                    misses,
                },
                ErrorCode::NetworkRateLimited,
                failure.message,
            )
        }
        FailureClass::Retry if patient => {
            uncertain(at, misses, ErrorCode::OutcomeUnknown, failure.message)
        }
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
mod tests {
    use std::time::Duration;

    use posthaste_core::{ports::SeededRandom, target::State};

    use super::*;

    fn now() -> DateTime<Utc> {
        "2027-01-04T08:00:00Z".parse().unwrap()
    }

    fn with<T>(attempt: i32, test: impl FnOnce(&Circumstances<'_>) -> T) -> T {
        let random = SeededRandom::new(7);
        test(&Circumstances {
            now: now(),
            network: Network::X,
            attempt,
            settle: Duration::from_secs(10),
            random: &random,
        })
    }

    fn failure(class: FailureClass) -> Failure {
        Failure::new(class, "why")
    }

    #[test]
    fn failures_lead_where_the_table_says() {
        let reset = Some(now() + TimeDelta::minutes(9));
        let rows = [
            (FailureClass::Retry, State::Scheduled, true),
            (
                FailureClass::RateLimited {
                    until: reset,
                    app_wide: true,
                },
                State::Scheduled,
                false,
            ),
            (FailureClass::Reauthorize, State::Held, false),
            (FailureClass::Permission, State::Held, false),
            (FailureClass::Operator, State::Held, false),
            (FailureClass::Rejected, State::Failed, false),
        ];
        for (class, state, counted) in rows {
            let verdict = with(1, |at| after_failure(failure(class.clone()), at));
            assert_eq!(verdict.to.state(), state, "{class:?}");
            if let Move::Again { counted: was, .. } = verdict.to {
                assert_eq!(was, counted, "{class:?}");
            }
            assert_eq!(verdict.reconnect, class == FailureClass::Reauthorize);
        }
        let limited = with(1, |at| {
            after_failure(
                failure(FailureClass::RateLimited {
                    until: reset,
                    app_wide: true,
                }),
                at,
            )
        });
        let wait = limited.wait.unwrap();
        assert_eq!(
            (Some(wait.until), wait.reason, wait.app_wide),
            (reset, "rate limit", true)
        );
    }

    #[test]
    fn the_eighth_failure_is_the_last() {
        let state = |attempt| {
            with(attempt, |at| {
                after_failure(failure(FailureClass::Retry), at).to.state()
            })
        };
        assert_eq!((state(7), state(8)), (State::Scheduled, State::Failed));
    }

    #[test]
    fn an_unknown_outcome_is_read_back_after_the_settle_time_and_never_sent_again() {
        let verdict = with(1, |at| {
            after_call(
                Outcome::Unknown {
                    reason: "cut".into(),
                },
                at,
            )
        });
        assert_eq!(
            verdict.to,
            Move::Uncertain {
                read_back_at: now() + TimeDelta::seconds(10),
                misses: 0
            }
        );
        assert_eq!(
            verdict.trouble,
            Some((ErrorCode::OutcomeUnknown, "cut".into()))
        );
    }

    #[test]
    fn absence_needs_a_proof_or_several_readings() {
        let look = |proved, misses, if_absent| {
            with(1, |at| {
                after_lookup(Lookup::Absent { proved }, at, misses, 3, if_absent, false)
            })
            .to
        };
        let later = |seconds, misses| Move::Uncertain {
            read_back_at: now() + TimeDelta::seconds(seconds),
            misses,
        };
        let again = Move::Again {
            counted: true,
            anew: false,
        };
        assert_eq!(look(false, 0, IfAbsent::Resend), later(20, 1));
        assert_eq!(look(false, 1, IfAbsent::Resend), later(40, 2));
        assert_eq!(look(false, 2, IfAbsent::Resend), again);
        assert_eq!(look(true, 0, IfAbsent::Resend), again);
        assert_eq!(look(false, 2, IfAbsent::Hold), Move::Held);
        assert_eq!(look(true, 0, IfAbsent::Hold), Move::Held);
    }

    #[test]
    fn what_was_refused_as_duplicate_is_looked_for_and_never_sent_again() {
        let verdict = with(1, |at| {
            after_call(
                Outcome::Duplicate {
                    reason: "same".into(),
                },
                at,
            )
        });
        assert_eq!(
            verdict.trouble,
            Some((ErrorCode::PossibleDuplicate, "same".into()))
        );
        let look = |misses| {
            with(1, |at| {
                after_lookup(
                    Lookup::Absent { proved: false },
                    at,
                    misses,
                    3,
                    IfAbsent::Resend,
                    true,
                )
            })
        };
        assert_eq!(look(0).trouble.unwrap().0, ErrorCode::PossibleDuplicate);
        assert_eq!(look(2).to, Move::Held);
    }

    #[test]
    fn a_reading_that_fails_never_sends_again() {
        let classes = [
            FailureClass::Retry,
            FailureClass::RateLimited {
                until: None,
                app_wide: false,
            },
            FailureClass::Reauthorize,
            FailureClass::Permission,
            FailureClass::Rejected,
            FailureClass::Operator,
        ];
        for class in classes {
            for since in [now(), now() - TimeDelta::hours(1)] {
                let verdict = with(1, |at| {
                    after_failed_lookup(failure(class.clone()), at, 1, since)
                });
                assert!(
                    matches!(verdict.to.state(), State::Uncertain | State::Held),
                    "{class:?}"
                );
            }
        }
        let late = with(1, |at| {
            after_failed_lookup(
                failure(FailureClass::Retry),
                at,
                1,
                now() - TimeDelta::hours(1),
            )
        });
        assert_eq!(late.to, Move::Held);
    }
}
