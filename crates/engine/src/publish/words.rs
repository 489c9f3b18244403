//! What the publisher decided, in words for a person. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Network, connector::Exhausted};
use posthaste_store::{lane::Waited, publish::Move, target::Target};

use super::verdict::{Verdict, Wait, Who, at_most};

/// How instants are written.
const CLOCK: &str = "%Y-%m-%d %H:%M:%S UTC";

/// A try begins: how late, and what it waited for.
pub(super) fn begins(target: &Target, waited: Option<&str>, now: DateTime<Utc>) -> String {
    let late = target
        .due_at
        .map_or(TimeDelta::zero(), |due| (now - due).max(TimeDelta::zero()));
    let begins = format!(
        "Try {} begins, {} after its time",
        target.attempt,
        span(late)
    );
    if let Some(waited) = waited {
        return format!("{begins}: {waited}.");
    }
    match target.error_message.as_deref() {
        Some(why) if !why.is_empty() => format!("{begins}. Until now: {why}"),
        _ => format!("{begins}."),
    }
}

/// `the account waited until 2027-01-04 09:14:00 UTC (rate limit)`
pub(super) fn held_back(who: &str, waited: &Waited) -> String {
    let why = waited.reason.as_deref().map_or("no reason given", cause);
    format!("{who} waited until {} ({why})", waited.until.format(CLOCK))
}

/// Why something waits, as lines and networks keep it, for a person.
fn cause(reason: &str) -> &str {
    match reason {
        "breaker" => "the network failed again and again; one call is tried now and then",
        "quota" => "no place is left under a limit",
        "retry" => "a pause before the next try",
        "token" => "access could not be renewed",
        "drained" => "a worker stopped",
        "lease" => "a worker had too little time left for it",
        "paused" => "it was paused or switched off",
        "stalled" => "a worker stood still",
        other => other,
    }
}

/// What became of a try or a reading back.
pub(super) fn became(network: Network, verdict: &Verdict, now: DateTime<Utc>) -> String {
    let why = verdict
        .trouble
        .as_ref()
        .map(|(_, message)| message.as_str())
        .unwrap_or_default();
    match (&verdict.to, &verdict.wait) {
        (Move::Published(live), _) => match &live.permalink {
            Some(link) => format!("Live on {network}: {link}"),
            None => format!("Live on {network}."),
        },
        (Move::Again { .. }, Some(wait)) if wait.until > now => {
            format!("{why} {}", pause(network, wait, now))
        }
        (Move::Again { .. }, _) => format!("{why} The next try follows at once.")
            .trim_start()
            .to_owned(),
        (Move::Uncertain { read_back_at, .. }, _) => {
            format!(
                "Not known whether it is live: {why} Reading back in {}, at {}.",
                span(*read_back_at - now),
                read_back_at.format(CLOCK)
            )
        }
        (Move::Held, _) => format!("Waits for a person: {why}"),
        (Move::Failed, _) => format!("Failed: {why}"),
    }
}

/// Nothing is left of a limit, so what follows waits.
pub(super) fn used_up(network: Network, limit: &Exhausted, now: DateTime<Utc>) -> String {
    let wait = Wait {
        until: at_most(limit.until, now),
        reason: "rate limit",
        who: Who::of_limit(limit.app_wide),
    };
    let pause = pause(network, &wait, now);
    format!("{network} says that nothing is left of a limit. {pause}")
}

/// `The account waits 4 min, until 2027-01-04 09:14:00 UTC: rate limit.` Only its posts of one kind wait
/// where the limit is one of that kind.
fn pause(network: Network, wait: &Wait, now: DateTime<Utc>) -> String {
    let who = match wait.who {
        Who::Kind => "What is of this kind waits".to_owned(),
        Who::Line => "The account waits".to_owned(),
        Who::Network => format!("Everything for {network} waits"),
    };
    let (span, until) = (span(wait.until - now), wait.until.format(CLOCK));
    format!("{who} {span}, until {until}: {}.", cause(wait.reason))
}

/// A length of time as people say it, in its two largest units: `0.4 s`, `50 s`, `4 min 5 s`, `2 h`.
fn span(length: TimeDelta) -> String {
    let millis = length.num_milliseconds().max(0);
    if millis < 10_000 {
        return format!("{}.{} s", millis / 1_000, millis % 1_000 / 100);
    }
    let seconds = millis / 1_000;
    let (large, small) = match seconds {
        0..60 => ((seconds, "s"), (0, "")),
        60..3_600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3_600..86_400 => ((seconds / 3_600, "h"), (seconds % 3_600 / 60, "min")),
        _ => ((seconds / 86_400, "d"), (seconds % 86_400 / 3_600, "h")),
    };
    match small {
        (0, _) => format!("{} {}", large.0, large.1),
        (rest, unit) => format!("{} {} {rest} {unit}", large.0, large.1),
    }
}

#[cfg(test)]
mod tests {
    use posthaste_core::ErrorCode;

    use super::*;

    #[test]
    fn lengths_of_time_are_told_in_two_units() {
        for (seconds, expected) in [
            (-1, "0.0 s"),
            (0, "0.0 s"),
            (9, "9.0 s"),
            (59, "59 s"),
            (245, "4 min 5 s"),
            (7_200, "2 h"),
            (90_061, "1 d 1 h"),
        ] {
            assert_eq!(span(TimeDelta::seconds(seconds)), expected);
        }
        assert_eq!(span(TimeDelta::milliseconds(1_449)), "1.4 s");
    }

    #[test]
    fn what_a_target_waited_for_is_told_with_its_reason() {
        let until = DateTime::from_timestamp(1_799_054_040, 0).unwrap();
        let waited = |reason: Option<&str>| Waited {
            until,
            reason: reason.map(str::to_owned),
        };
        assert_eq!(
            held_back("the account", &waited(Some("rate limit"))),
            format!(
                "the account waited until {} (rate limit)",
                until.format(CLOCK)
            )
        );
        assert!(held_back("the account", &waited(None)).ends_with(" (no reason given)"));
        // Every reason that is short for ourselves has words for people.
        for reason in ["drained", "lease", "paused", "stalled", "token"] {
            let told = held_back("the account", &waited(Some(reason)));
            assert!(!told.ends_with(&format!("({reason})")), "{told}");
        }
    }

    #[test]
    fn a_wait_says_who_waits_how_long_and_for_what() {
        let now = DateTime::from_timestamp(1_799_053_800, 0).unwrap();
        let until = now + TimeDelta::minutes(4);
        let clock = until.format(CLOCK);
        let limited = Verdict::put_back(
            until,
            "rate limit",
            ErrorCode::Unavailable,
            "X allows no more posts for now.",
        );
        assert_eq!(
            became(Network::X, &limited, now),
            format!(
                "X allows no more posts for now. The account waits 4 min, until {clock}: rate limit."
            )
        );
        let limit = Exhausted {
            until,
            app_wide: true,
        };
        assert_eq!(
            used_up(Network::X, &limit, now),
            format!(
                "X says that nothing is left of a limit. Everything for X waits 4 min, until {clock}: rate limit."
            )
        );
        let drained =
            Verdict::put_back(now, "drained", ErrorCode::Unavailable, "The worker stops.");
        assert_eq!(
            became(Network::X, &drained, now),
            "The worker stops. The next try follows at once."
        );
    }
}
