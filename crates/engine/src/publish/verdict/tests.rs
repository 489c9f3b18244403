use std::time::Duration;

use posthaste_core::{ports::SeededRandom, target::State};

use super::*;
use crate::publish::obstacle::with_fresh_token;

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
        timing: Timing::default(),
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
        (Some(wait.until), wait.reason, wait.who),
        (reset, "rate limit", Who::Network)
    );
}

#[test]
fn a_reset_time_in_another_century_is_waited_for_a_day() {
    let class = FailureClass::RateLimited {
        until: Some(now() + TimeDelta::weeks(5_000)),
        app_wide: true,
    };
    let day = now() + TimeDelta::hours(25);
    let limited = with(1, |at| after_failure(failure(class.clone()), at));
    assert_eq!(limited.wait.unwrap().until, day);
    let reading = with(1, |at| {
        after_failed_lookup(failure(class), at, 0, now(), false)
    });
    let later = Move::Uncertain {
        read_back_at: day,
        misses: 0,
    };
    assert_eq!(reading.to, later);
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
            after_lookup(
                Lookup::Absent { proved },
                at,
                misses,
                3,
                if_absent,
                now(),
                false,
            )
        })
        .to
    };
    let later = |seconds, misses| Move::Uncertain {
        read_back_at: now() + TimeDelta::seconds(seconds),
        misses,
    };
    let again = Move::Again { counted: true };
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
                now(),
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
                after_failed_lookup(failure(class.clone()), at, 1, since, false)
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
            false,
        )
    });
    assert_eq!(late.to, Move::Held);
}

#[test]
fn a_suspicion_outlives_a_reading_that_fails_and_a_person_is_told_that_it_may_be_live() {
    let code = |since| {
        with(1, |at| {
            after_failed_lookup(failure(FailureClass::Retry), at, 1, since, true)
        })
        .trouble
        .unwrap()
        .0
    };
    assert_eq!(code(now()), ErrorCode::PossibleDuplicate);
    assert_eq!(code(now() - TimeDelta::hours(1)), ErrorCode::OutcomeUnknown);
}

#[test]
fn what_a_network_still_works_on_is_read_for_a_day_more_and_more_seldom() {
    let look = |ago: TimeDelta| {
        let reason = "still processing".to_owned();
        let lookup = Lookup::Processing { reason };
        let since = now() - ago;
        with(1, |at| {
            after_lookup(lookup, at, 1, 3, IfAbsent::Resend, since, false)
        })
    };
    let later = |wait| Move::Uncertain {
        read_back_at: now() + wait,
        misses: 1,
    };
    let settle = with(1, |at| TimeDelta::from_std(at.settle).unwrap());
    assert_eq!(look(TimeDelta::zero()).to, later(settle));
    assert_eq!(look(TimeDelta::hours(10)).to, later(TimeDelta::hours(1)));
    let held = look(TimeDelta::hours(24));
    assert_eq!(held.to, Move::Held);
    assert_eq!(
        held.trouble,
        Some((ErrorCode::OutcomeUnknown, "still processing".into()))
    );
}

#[test]
fn a_fresh_token_serves_the_next_try_while_there_is_one() {
    let refused = |attempt| {
        with(attempt, |at| {
            after_failure(failure(FailureClass::Reauthorize), at)
        })
    };
    let next = with_fresh_token(refused(7), 7);
    assert_eq!(next.to, Move::Again { counted: true });
    assert!(!next.reconnect);
    assert_eq!(
        next.trouble,
        Some((ErrorCode::ReconnectRequired, "why".into()))
    );
    let last = with_fresh_token(refused(8), 8);
    assert_eq!(last.to, Move::Failed);
    assert!(!last.reconnect);
    assert_eq!(last.trouble.unwrap().0, ErrorCode::AttemptsUsedUp);
}
