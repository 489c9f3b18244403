use chrono::{DateTime, Utc};
use posthaste_core::Result;
use posthaste_store::{lane, publish::Move, target::Target};

use super::PROBE_EVERY;
use crate::{
    App,
    publish::{
        attempt::Health,
        verdict::{Verdict, Wait, Who},
    },
};

/// So many failures of the network in a row open the breaker of a line.
const OPENS_AT: i32 = 5;
/// So many probes at most: half an hour. After that the usual waits go on, so that every target ends.
const PROBES: i32 = 120;

/// The breaker of one account's line. Five tries in a row that the network failed to answer open it: the
/// line waits with the reason `breaker`, and every 15 s its next post is the probe, which costs it no
/// try. The count is in the database, so that it goes on whichever node tries.
pub(in crate::publish) async fn of_line(
    app: &App,
    target: &Target,
    verdict: Verdict,
    health: Health,
) -> Verdict {
    match note(app, target, &verdict, health).await {
        Ok(failures) => judged(verdict, failures, app.now()),
        // What came of the try is worth more than the count.
        Err(error) => {
            tracing::warn!(%error, cause = ?error.cause, "cannot count a failure of a line");
            verdict
        }
    }
}

/// Counts, and returns the failures in a row. A target that goes live ends the row by itself.
async fn note(app: &App, target: &Target, verdict: &Verdict, health: Health) -> Result<i32> {
    let is_live = matches!(verdict.to, Move::Published(_));
    let id = target.connection_id;
    match health {
        Health::Ill => lane::failed(&mut *app.db.get().await?, id, app.now()).await,
        Health::Well if !is_live => lane::answered(&mut *app.db.get().await?, id)
            .await
            .map(|()| 0),
        Health::Well | Health::Unasked => Ok(0),
    }
}

fn judged(verdict: Verdict, failures: i32, now: DateTime<Utc>) -> Verdict {
    let is_open = (OPENS_AT..OPENS_AT + PROBES).contains(&failures);
    match verdict.to {
        Move::Again { counted: true } if is_open => Verdict {
            to: Move::Again { counted: false },
            wait: Some(Wait {
                until: now + PROBE_EVERY,
                reason: "breaker",
                who: Who::Line,
            }),
            ..verdict
        },
        _ => verdict,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use posthaste_core::ErrorCode;

    use super::*;

    #[test]
    fn from_the_fifth_failure_on_a_line_is_probed_for_half_an_hour_and_no_try_is_used() {
        let now: DateTime<Utc> = "2027-01-04T08:00:00Z".parse().unwrap();
        let wait = |seconds, reason| Wait {
            until: now + TimeDelta::seconds(seconds),
            reason,
            who: Who::Line,
        };
        let again = |counted, wait| Verdict {
            to: Move::Again { counted },
            wait: Some(wait),
            ..Verdict::held(ErrorCode::NetworkUnavailable, "503")
        };
        let usual = || again(true, wait(30, "retry"));
        for failures in [0, 4, 125, 1000] {
            assert_eq!(judged(usual(), failures, now), usual(), "{failures}");
        }
        for failures in [5, 124] {
            let probed = again(false, wait(15, "breaker"));
            assert_eq!(judged(usual(), failures, now), probed, "{failures}");
        }
        let held = || Verdict::held(ErrorCode::OutcomeUnknown, "cut");
        assert_eq!(judged(held(), 7, now), held());
    }
}
