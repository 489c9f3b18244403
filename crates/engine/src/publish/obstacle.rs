//! What becomes of a target when something else than a network's answer stands in the way. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode,
    connector::{Failure, FailureClass},
    ports::Random,
    target::{Due, MAX_ATTEMPTS, State, Timing},
};
use posthaste_store::{
    connection::{Connection, Status},
    publish::Move,
    target::Target,
};

use super::verdict::{Circumstances, TOKEN, Verdict, after_failure, doubt, is_suspected, sent_at};

/// A target whose time is long past goes out, goes to a person or is given up, as it says. Nobody is asked
/// about the time it waited for a place under a limit, until `place_at` with its line: that is what the
/// workspace chose.
pub(super) fn missed(
    target: &Target,
    place_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Verdict> {
    let due = target
        .due_at
        .filter(|_| !target.late_ok && target.attempt <= 1)?;
    let message = || {
        format!(
            "Its time passed {} hours ago while it could not be published.",
            (now - due).num_hours()
        )
    };
    let ready = target
        .waits_until
        .max(place_at)
        .map_or(due, |at| at.max(due));
    match target.misfire.decide(due, now) {
        Due::Publish => None,
        Due::Ask if target.misfire.decide(ready, now) == Due::Publish => None,
        Due::Skip => Some(Verdict::failed(ErrorCode::MissedTime, message())),
        Due::Ask => Some(Verdict::held(ErrorCode::MissedTime, message())),
    }
}

/// A connection that cannot be published to waits for a person.
pub(super) fn unusable(connection: &Connection) -> Option<Verdict> {
    let name = &connection.name;
    match connection.status {
        Status::Active => None,
        Status::Reconnect => Some(Verdict::held(
            ErrorCode::ReconnectRequired,
            format!("{name} must be reconnected."),
        )),
        Status::Disabled => Some(Verdict::held(
            ErrorCode::ConnectionUnusable,
            format!("{name} is disabled."),
        )),
        Status::Removed => Some(Verdict::held(
            ErrorCode::ConnectionUnusable,
            format!("{name} was removed."),
        )),
    }
}

/// A token that cannot be had now is waited for; one that will never come back needs a person.
pub(super) fn token_trouble(
    error: Error,
    now: DateTime<Utc>,
    timing: &Timing,
    random: &dyn Random,
) -> Verdict {
    match error.code {
        ErrorCode::ReconnectRequired => Verdict {
            reconnect: true,
            ..Verdict::held(error.code, error.message)
        },
        code if code.is_retryable() => {
            let failure = Failure::new(FailureClass::Retry, &error.message);
            let until = now + timing.back_off(1, random);
            Verdict::put_back(until, TOKEN, code, failure.message)
        }
        code => Verdict::held(code, error.message),
    }
}

/// A copy for the network cannot be made: what the file is to blame for is final, what this machine
/// is to blame for is tried again.
pub(super) fn unmade(error: Error, at: &Circumstances<'_>) -> Verdict {
    let (code, message) = (error.code, error.message);
    if !code.is_retryable() && code != ErrorCode::Internal {
        return Verdict::failed(code, message);
    }
    let verdict = after_failure(Failure::new(FailureClass::Retry, &message), at);
    match verdict.to {
        Move::Again { .. } => Verdict {
            trouble: Some((code, message)),
            ..verdict
        },
        _ => verdict,
    }
}

/// The worker stops before anything was sent.
pub(super) fn drained(now: DateTime<Utc>) -> Verdict {
    let message = "The worker stops; another one goes on.";
    Verdict::put_back(now, "drained", ErrorCode::Unavailable, message)
}

/// A person held the line back while it was prepared: it waits on it, behind the pause.
pub(super) fn paused(now: DateTime<Utc>) -> Verdict {
    let message = "The account was paused or switched off before anything was sent.";
    Verdict::put_back(now, "paused", ErrorCode::ConnectionUnusable, message)
}

/// Signs of life were written too slowly for a call to end within the lease; or the target was marked
/// meanwhile, and is looked for first.
pub(super) fn short(now: DateTime<Utc>) -> Verdict {
    let message =
        "Too little was left of the lease, or it must be looked for first; nothing was sent.";
    Verdict::put_back(now, "lease", ErrorCode::Unavailable, message)
}

/// The process stood still between intent and call, so it did not call.
pub(super) fn stalled(now: DateTime<Utc>) -> Verdict {
    let message = "This process was stopped between intent and call; nothing was sent.";
    Verdict::put_back(now, "stalled", ErrorCode::Unavailable, message)
}

/// From this try on, fresh tokens that are refused try after try are no accident.
const TOO_MANY_REFUSALS: i32 = 3;

/// Whether fresh tokens are refused again and again: the try before ended so, too.
pub(super) fn was_refused(target: &Target) -> bool {
    target.attempt >= TOO_MANY_REFUSALS
        && target.error_code.as_deref() == Some(ErrorCode::ReconnectRequired.as_str())
}

/// The network refused the token at the visible call, and there is a fresh one: the next try goes on
/// from what is prepared, if there is one.
pub(super) fn with_fresh_token(refused: Verdict, attempt: i32) -> Verdict {
    let (to, trouble) = match refused.trouble {
        Some((_, message)) if attempt >= MAX_ATTEMPTS => {
            let message = format!("All {MAX_ATTEMPTS} tries failed. The last: {message}");
            (Move::Failed, Some((ErrorCode::AttemptsUsedUp, message)))
        }
        trouble => (Move::Again { counted: true }, trouble),
    };
    Verdict {
        reconnect: false,
        to,
        trouble,
        ..refused
    }
}

/// It may have been published before by writes that are lost: it is read back before anything is sent.
pub(super) fn doubtful(settle: Duration, now: DateTime<Utc>) -> Verdict {
    let to = Move::Uncertain {
        read_back_at: after(settle, now),
        misses: 0,
    };
    let message = "It may have been published before; that is read back before anything is sent.";
    Verdict::troubled(to, doubt(false), message)
}

/// Nothing was sent by the try that is read back, so none is used up.
pub(super) fn uncounted(verdict: Verdict) -> Verdict {
    let to = match verdict.to {
        Move::Again { .. } => Move::Again { counted: false },
        to => to,
    };
    Verdict { to, ..verdict }
}

/// What stands in the way of reading back says nothing about the post: it is not sent again, and a
/// person who is asked is told that it may be live. Nobody waits for it longer than for the network.
pub(super) fn still_unknown(target: &Target, verdict: Verdict, at: &Circumstances<'_>) -> Verdict {
    let why = verdict
        .trouble
        .map(|(_, message)| message)
        .unwrap_or_default();
    let again_at = verdict.wait.map_or(at.now, |wait| wait.until);
    let since = target.intent.as_ref().map(|intent| sent_at(&intent.0));
    let (to, code) = match verdict.to {
        Move::Again { .. } if since.is_none_or(|since| at.is_patient(since)) => (
            Move::Uncertain {
                read_back_at: again_at,
                misses: target.misses,
            },
            doubt(is_suspected(target)),
        ),
        _ => (Move::Held, ErrorCode::OutcomeUnknown),
    };
    let message = format!("Whether it is live could not be read back: {why}");
    Verdict {
        reconnect: verdict.reconnect,
        ..Verdict::troubled(to, code, message)
    }
}

/// The worker gave no sign of life: what was not sent is scheduled again, what may have been sent is
/// read back. The message is for the timeline.
pub(super) fn rescue(
    target: &Target,
    settle: Duration,
    now: DateTime<Utc>,
) -> (Verdict, &'static str) {
    let read_back_at = after(settle, now);
    let unknown = |misses, message| {
        let to = Move::Uncertain {
            read_back_at,
            misses,
        };
        let code = doubt(is_suspected(target));
        (Verdict::troubled(to, code, message), message)
    };
    match target.state {
        State::Sending => unknown(
            0,
            "The worker was lost after the intent; reading back whether the post is live.",
        ),
        State::Reconciling => unknown(
            target.misses,
            "The worker was lost while reading back; another one reads again.",
        ),
        // What ends every process that takes it up must not be taken up for ever.
        _ if target.attempt >= MAX_ATTEMPTS => {
            let message = "The worker was lost with it again and again before anything was sent. Look at its media, then retry.";
            (Verdict::held(ErrorCode::AttemptsUsedUp, message), message)
        }
        _ => {
            let again = Move::Again { counted: true };
            let message = "The worker was lost before anything was sent; another one goes on.";
            (Verdict::plain(again), message)
        }
    }
}

fn after(settle: Duration, now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::from_std(settle).unwrap_or(TimeDelta::minutes(1))
}

#[cfg(test)]
mod tests {
    use posthaste_core::{Network, ports::SeededRandom, target::MisfirePolicy};

    use super::*;
    use crate::publish::model::{rules, world::World};

    #[test]
    fn what_waited_for_a_place_is_not_asked_about_and_is_skipped_all_the_same() {
        let due = DateTime::UNIX_EPOCH;
        let hours = TimeDelta::hours;
        let judged = |misfire, waits_until, place_at, now| {
            let target = Target {
                misfire,
                waits_until,
                due_at: Some(due),
                attempt: 1,
                ..rules::target(World::<1>::new(false).row)
            };
            missed(&target, place_at, due + now).map(|verdict| verdict.to.state())
        };
        let (ask, skip) = (MisfirePolicy::Ask, MisfirePolicy::Skip);
        let day = Some(due + hours(24));
        assert_eq!(judged(ask, None, None, hours(25)), Some(State::Held));
        for (of_kind, of_line) in [(day, None), (None, day)] {
            assert_eq!(judged(ask, of_kind, of_line, hours(30)), None);
            // What came after the wait is late as ever.
            let late = judged(ask, of_kind, of_line, hours(31));
            assert_eq!(late, Some(State::Held));
            let skipped = judged(skip, of_kind, of_line, hours(25));
            assert_eq!(skipped, Some(State::Failed));
        }
        let before = Some(due - hours(1));
        assert_eq!(judged(ask, None, before, hours(7)), Some(State::Held));
    }

    #[test]
    fn what_the_file_is_to_blame_for_is_final_and_what_this_machine_is_passes() {
        let judged = |code, attempt| {
            let random = SeededRandom::new(1);
            let at = Circumstances {
                now: DateTime::UNIX_EPOCH,
                network: Network::X,
                attempt,
                settle: Duration::from_secs(10),
                timing: Timing::default(),
                random: &random,
            };
            let verdict = unmade(Error::new(code, "why"), &at);
            (verdict.to.state(), verdict.trouble.map(|(code, _)| code))
        };
        let unreadable = ErrorCode::MediaUnreadable;
        assert_eq!(judged(unreadable, 1), (State::Failed, Some(unreadable)));
        for passing in [ErrorCode::Internal, ErrorCode::Unavailable] {
            assert_eq!(judged(passing, 1), (State::Scheduled, Some(passing)));
            let end = (State::Failed, Some(ErrorCode::AttemptsUsedUp));
            assert_eq!(judged(passing, MAX_ATTEMPTS), end);
        }
    }
}
