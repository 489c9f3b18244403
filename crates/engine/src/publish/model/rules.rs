//! The real rules, asked on the model's behalf: `verdict`, `obstacle`, `TargetAction`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Network,
    connector::{Failure, FailureClass, Intent, Lookup, Outcome, Published},
    ids::{ConnectionId, PostId, TargetId, WorkspaceId},
    ports::SeededRandom,
    target::{MisfirePolicy, State, Timing},
};
use posthaste_store::{
    Json,
    publish::Move,
    target::{IfAbsent, Target},
};
use uuid::Uuid;

use super::world::{Answer, Row, Trouble};
use crate::{
    post::TargetAction,
    publish::{
        obstacle::{
            doubtful, drained, missed, paused, rescue, short, stalled, still_unknown,
            token_trouble, uncounted, with_fresh_token,
        },
        verdict::{
            Circumstances, Verdict, after_call, after_failed_lookup, after_failure, after_lookup,
            is_suspected,
        },
    },
};

const SETTLE: Duration = Duration::from_mins(1);

/// What a verdict does to the row.
#[derive(Clone, Debug)]
pub struct Effect {
    pub to: Move,
    pub trouble: Trouble,
}

impl From<Verdict> for Effect {
    fn from(verdict: Verdict) -> Self {
        let trouble = match verdict.trouble.map(|(code, _)| code) {
            None => Trouble::None,
            Some(ErrorCode::OutcomeUnknown) => Trouble::OutcomeUnknown,
            Some(ErrorCode::PossibleDuplicate) => Trouble::PossibleDuplicate,
            Some(ErrorCode::ReconnectRequired) => Trouble::ReconnectRequired,
            Some(_) => Trouble::Other,
        };
        Self {
            to: verdict.to,
            trouble,
        }
    }
}

fn now() -> DateTime<Utc> {
    posthaste_testkit::start()
}

/// The row as the store would give it.
pub fn target(row: Row) -> Target {
    let code = match row.trouble {
        Trouble::None => None,
        Trouble::OutcomeUnknown => Some(ErrorCode::OutcomeUnknown),
        Trouble::PossibleDuplicate => Some(ErrorCode::PossibleDuplicate),
        Trouble::ReconnectRequired => Some(ErrorCode::ReconnectRequired),
        Trouble::Other => Some(ErrorCode::NetworkUnavailable),
    };
    Target {
        id: TargetId::from(Uuid::nil()),
        workspace_id: WorkspaceId::from(Uuid::nil()),
        post_id: PostId::from(Uuid::nil()),
        connection_id: ConnectionId::from(Uuid::nil()),
        network: Network::X,
        position: 0,
        settings: Json::default(),
        state: row.state,
        version: 1,
        due_at: Some(now() - TimeDelta::days(1)),
        local_time: None,
        time_zone: None,
        misfire: MisfirePolicy::Ask,
        if_absent: if row.holds_if_absent {
            IfAbsent::Hold
        } else {
            IfAbsent::Resend
        },
        late_ok: false,
        attempt: i32::from(row.attempt),
        token: 0,
        reconcile_after: None,
        misses: i32::from(row.misses),
        progress: None,
        intent: None,
        read_back_from: row.marked.then(now),
        remote_id: (row.state == State::Published).then(|| "1".to_owned()),
        permalink: None,
        published_at: None,
        error_code: code.map(|code| code.as_str().to_owned()),
        error_message: None,
        created_at: now(),
        updated_at: now(),
        words: None,
        kind: None,
        price: None,
        look_at: None,
        risks: Vec::new(),
        waits_until: None,
        budget_ok: false,
    }
}

fn intent(at: DateTime<Utc>) -> Intent {
    Intent {
        at,
        committed_at: None,
        sent: None,
        ready: serde_json::Value::Null,
        after_id: None,
        known_ids: Vec::new(),
    }
}

fn with<T>(row: Row, rule: impl FnOnce(&Circumstances<'_>) -> T) -> T {
    rule(&Circumstances {
        now: now(),
        network: Network::X,
        attempt: i32::from(row.attempt),
        settle: SETTLE,
        timing: Timing::default(),
        random: &SeededRandom::new(1),
    })
}

fn live() -> Published {
    Published {
        remote_id: "1".into(),
        permalink: None,
    }
}

fn failure(class: FailureClass) -> Failure {
    Failure::new(class, "why")
}

const LIMITED: FailureClass = FailureClass::RateLimited {
    until: None,
    app_wide: false,
};

/// Everything that may keep a claimed target from being sent, by name.
pub fn before_sending(row: Row) -> Vec<(&'static str, Effect)> {
    let late = |misfire| {
        let target = Target {
            misfire,
            ..target(row)
        };
        missed(&target, None, now())
    };
    let refused = |class| with(row, |at| after_failure(failure(class), at));
    let random = SeededRandom::new(1);
    let token = |code| token_trouble(Error::new(code, "why"), now(), &Timing::default(), &random);
    let mut all = vec![
        ("preparing fails", refused(FailureClass::Retry)),
        ("rate limit while preparing", refused(LIMITED)),
        ("the token is refused", refused(FailureClass::Reauthorize)),
        ("a permission is missing", refused(FailureClass::Permission)),
        ("refused for good", refused(FailureClass::Rejected)),
        ("no token for now", token(ErrorCode::NetworkUnavailable)),
        ("no token any more", token(ErrorCode::ReconnectRequired)),
        ("drained", drained(now())),
        ("a person pauses the line", paused(now())),
        ("too little is left of the lease", short(now())),
    ];
    all.extend(late(MisfirePolicy::Ask).map(|verdict| ("missed its time", verdict)));
    all.extend(late(MisfirePolicy::Skip).map(|verdict| ("missed its time, skip", verdict)));
    all.into_iter()
        .map(|(name, verdict)| (name, verdict.into()))
        .collect()
}

/// It may have been published by writes that are lost.
pub fn after_doubt() -> Effect {
    doubtful(SETTLE, now()).into()
}

/// It stood still between intent and call.
pub fn after_stall() -> Effect {
    stalled(now()).into()
}

/// What an answer to the one call comes to. `refreshed`: a refused token was refreshed.
pub fn after_answer(row: Row, answer: Answer, refreshed: bool) -> Effect {
    let outcome = match answer {
        Answer::Published => Outcome::Published(live()),
        Answer::Retry => Outcome::Failed(failure(FailureClass::Retry)),
        Answer::RateLimited => Outcome::Failed(failure(LIMITED)),
        Answer::Reauthorize => Outcome::Failed(failure(FailureClass::Reauthorize)),
        Answer::Permission => Outcome::Failed(failure(FailureClass::Permission)),
        Answer::Rejected => Outcome::Failed(failure(FailureClass::Rejected)),
        Answer::Unknown => Outcome::Unknown {
            reason: "cut".into(),
        },
        Answer::Duplicate => Outcome::Duplicate {
            reason: "same".into(),
        },
    };
    let verdict = with(row, |at| after_call(outcome, at));
    if verdict.reconnect && refreshed {
        return with_fresh_token(verdict, i32::from(row.attempt)).into();
    }
    verdict.into()
}

/// The token is refused, and a fresh one cannot be had for now.
pub fn without_token() -> Effect {
    let random = SeededRandom::new(1);
    let error = Error::new(ErrorCode::NetworkUnavailable, "why");
    token_trouble(error, now(), &Timing::default(), &random).into()
}

/// What a reading back comes to. `needed`: readings that prove absence.
pub fn after_reading(row: Row, lookup: Lookup, needed: i32) -> Effect {
    let target = target(row);
    let suspected = is_suspected(&target);
    let verdict = with(row, |at| {
        after_lookup(
            lookup,
            at,
            target.misses,
            needed,
            target.if_absent,
            now(),
            suspected,
        )
    });
    if row.marked {
        return uncounted(verdict).into();
    }
    verdict.into()
}

/// It is on the list.
pub fn found() -> Lookup {
    Lookup::Found(live())
}

/// Every reading back that tells nothing, by name.
pub fn without_reading(row: Row) -> Vec<(&'static str, Effect)> {
    let target = target(row);
    let failed = |class, since| {
        with(row, |at| {
            let suspected = is_suspected(&target);
            after_failed_lookup(failure(class), at, target.misses, since, suspected)
        })
    };
    let random = SeededRandom::new(1);
    let token = |code| token_trouble(Error::new(code, "why"), now(), &Timing::default(), &random);
    let (early, late) = (now(), now() - TimeDelta::hours(1));
    let hindered = |code, since| {
        let target = Target {
            intent: Some(Json(intent(since))),
            ..target.clone()
        };
        with(row, |at| still_unknown(&target, token(code), at))
    };
    let processing = |since| {
        let reason = String::from("still processed");
        let lookup = Lookup::Processing { reason };
        with(row, |at| {
            let suspected = is_suspected(&target);
            after_lookup(
                lookup,
                at,
                target.misses,
                3,
                target.if_absent,
                since,
                suspected,
            )
        })
    };
    [
        ("the list fails", failed(FailureClass::Retry, early)),
        (
            "the list fails for half an hour",
            failed(FailureClass::Retry, late),
        ),
        ("rate limit", failed(LIMITED, early)),
        ("rate limit for half an hour", failed(LIMITED, late)),
        (
            "the token is refused",
            failed(FailureClass::Reauthorize, early),
        ),
        (
            "a permission is missing",
            failed(FailureClass::Permission, early),
        ),
        (
            "no token for now",
            hindered(ErrorCode::NetworkUnavailable, early),
        ),
        (
            "no token for half an hour",
            hindered(ErrorCode::NetworkUnavailable, late),
        ),
        (
            "no token any more",
            hindered(ErrorCode::ReconnectRequired, early),
        ),
        ("the network still works on it", processing(late)),
        (
            "the network works on it for a day",
            processing(now() - TimeDelta::hours(24)),
        ),
    ]
    .into_iter()
    .map(|(name, verdict)| (name, verdict.into()))
    .collect()
}

/// What the sweep makes of a target whose worker is lost.
pub fn after_loss(row: Row) -> Effect {
    rescue(&target(row), SETTLE, now()).0.into()
}

/// Whether a person may.
pub fn may(action: TargetAction, row: Row) -> bool {
    action.fits(&target(row))
}
