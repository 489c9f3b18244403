//! What a reading means for a target: pure.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode,
    connector::{Failure, FailureClass},
    metric::{LivePost, MetricRule, Reading},
    ports::Random,
    target::back_off,
};
use posthaste_store::metric::TargetMetrics;

/// Failures in a row for a passing reason, after which the next planned reading is waited for.
const MAX_FAILURES: i32 = 5;

/// When a post that seems gone is looked for again: networks have been seen to err once.
const GONE_AGAIN: TimeDelta = TimeDelta::hours(1);

/// How long to wait when a network limits us without saying for how long.
const USUAL_LIMIT: TimeDelta = TimeDelta::minutes(15);

/// A reading of one target is over.
pub(super) struct Settling<'a> {
    pub rule: &'a MetricRule,
    pub random: &'a dyn Random,
    pub now: DateTime<Utc>,
}

impl Settling<'_> {
    /// The network answered.
    pub fn answered(&self, row: &mut TargetMetrics, post: &LivePost, reading: Reading) {
        match reading {
            Reading::Told(metrics) => {
                row.set(metrics, self.now);
                row.due_at = self.rule.next(post, self.now);
            }
            Reading::Gone => {
                let again = row.error_code.as_deref() != Some(ErrorCode::NotFound.as_str());
                let message = format!("The post is no longer on {}.", row.network);
                fail(row, ErrorCode::NotFound, message);
                row.due_at = again.then_some(self.now + GONE_AGAIN);
            }
            Reading::Unreadable { reason } => {
                fail(row, ErrorCode::NetworkRejected, reason.to_owned());
                row.due_at = None;
            }
        }
    }

    /// The network refused or did not answer.
    pub fn failed(&self, row: &mut TargetMetrics, post: &LivePost, failure: &Failure) {
        let planned = self.rule.next(post, self.now);
        fail(row, failure.code(), failure.message.clone());
        row.due_at = match failure.class {
            FailureClass::RateLimited { until, .. } => Some(self.limited_until(until)),
            FailureClass::Retry if row.failures < MAX_FAILURES => {
                row.failures += 1;
                let again = self.now + back_off(row.failures, self.random);
                Some(planned.map_or(again, |planned| planned.min(again)))
            }
            _ => {
                row.failures = 0;
                planned
            }
        };
    }

    /// The network could not be asked. What does not pass by itself waits for the next planned reading,
    /// which finds out whether it was mended.
    pub fn hindered(&self, row: &mut TargetMetrics, post: &LivePost, error: &Error) {
        let class = if error.code.is_retryable() {
            FailureClass::Retry
        } else {
            FailureClass::Operator
        };
        self.failed(row, post, &Failure::new(class, &error.message));
        row.error_code = Some(error.code.as_str().to_owned());
    }

    /// When a limit ends, as far as is known.
    pub fn limited_until(&self, told: Option<DateTime<Utc>>) -> DateTime<Utc> {
        told.filter(|until| *until > self.now)
            .unwrap_or(self.now + USUAL_LIMIT)
    }
}

fn fail(row: &mut TargetMetrics, code: ErrorCode, message: String) {
    row.error_code = Some(code.as_str().to_owned());
    row.error_message = Some(message);
}

#[cfg(test)]
mod tests {
    use posthaste_core::{
        Network,
        ids::{ConnectionId, TargetId, WorkspaceId},
        metric::{Metrics, USUAL_PLAN},
        ports::SeededRandom,
        post::ContentKind,
    };
    use uuid::Uuid;

    use super::*;

    const RULE: MetricRule = MetricRule {
        gives: &[],
        scopes: &[],
        batch: 1,
        plan: USUAL_PLAN,
        story_plan: &[],
    };

    fn post() -> LivePost {
        LivePost {
            remote_id: "1".into(),
            kind: ContentKind::Feed,
            has_video: false,
            published_at: DateTime::UNIX_EPOCH,
        }
    }

    fn row() -> TargetMetrics {
        TargetMetrics::new(
            WorkspaceId::from(Uuid::nil()),
            TargetId::from(Uuid::nil()),
            ConnectionId::from(Uuid::nil()),
            Network::X,
            None,
        )
    }

    fn at(age: TimeDelta) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + age
    }

    /// A target after this happened to it at an age.
    fn after(
        row: TargetMetrics,
        age: TimeDelta,
        happens: impl FnOnce(&Settling<'_>, &mut TargetMetrics),
    ) -> TargetMetrics {
        let random = SeededRandom::new(1);
        let settling = Settling {
            rule: &RULE,
            random: &random,
            now: at(age),
        };
        let mut row = row;
        happens(&settling, &mut row);
        row
    }

    fn failure(class: FailureClass) -> Failure {
        Failure::new(class, "No.")
    }

    #[test]
    fn figures_replace_the_last_ones_and_what_went_wrong() {
        let hour = TimeDelta::hours(1);
        let failed = after(row(), hour, |settling, row| {
            settling.failed(row, &post(), &failure(FailureClass::Retry));
        });
        assert_eq!((failed.failures, failed.error_code.is_some()), (1, true));
        let metrics = Metrics {
            views: Some(7),
            ..Metrics::default()
        };
        let told = after(failed, hour * 2, |settling, row| {
            settling.answered(row, &post(), Reading::Told(metrics));
        });
        assert_eq!(
            (told.metrics(), told.read_at),
            (metrics, Some(at(hour * 2)))
        );
        assert_eq!((told.failures, told.error_code), (0, None));
        assert_eq!(told.due_at, Some(at(hour * 6)));
    }

    #[test]
    fn a_post_is_given_up_when_it_is_gone_twice() {
        let gone = |row, age| {
            after(row, age, |settling, row| {
                settling.answered(row, &post(), Reading::Gone);
            })
        };
        let once = gone(row(), TimeDelta::hours(6));
        assert_eq!(once.due_at, Some(at(TimeDelta::hours(7))));
        assert_eq!(
            once.error_message.as_deref(),
            Some("The post is no longer on X.")
        );
        assert_eq!(gone(once, TimeDelta::hours(7)).due_at, None);
    }

    #[test]
    fn a_limit_is_waited_for_and_is_nobodys_failure() {
        let limited = |until| FailureClass::RateLimited {
            until,
            app_wide: false,
        };
        let day = TimeDelta::days(1);
        let end = at(day + TimeDelta::minutes(3));
        let due = |until| {
            let row = after(row(), day, |settling, row| {
                settling.failed(row, &post(), &failure(limited(until)));
            });
            assert_eq!(row.failures, 0);
            row.due_at
        };
        assert_eq!(due(Some(end)), Some(end));
        assert_eq!(due(None), Some(at(day + TimeDelta::minutes(15))));
    }

    #[test]
    fn passing_trouble_is_tried_again_but_not_for_ever() {
        let day = TimeDelta::days(1);
        let mut failing = row();
        for tries in 1..=5 {
            failing = after(failing, day, |settling, row| {
                settling.failed(row, &post(), &failure(FailureClass::Retry));
            });
            assert_eq!(failing.failures, tries);
            assert!(failing.due_at < Some(at(day * 2)), "{:?}", failing.due_at);
        }
        let waiting = after(failing, day, |settling, row| {
            settling.failed(row, &post(), &failure(FailureClass::Retry));
        });
        assert_eq!((waiting.failures, waiting.due_at), (0, Some(at(day * 2))));
    }

    #[test]
    fn what_a_person_must_mend_waits_for_the_next_planned_reading() {
        for class in [
            FailureClass::Permission,
            FailureClass::Reauthorize,
            FailureClass::Rejected,
            FailureClass::Operator,
        ] {
            let row = after(row(), TimeDelta::days(14), |settling, row| {
                settling.failed(row, &post(), &failure(class.clone()));
            });
            assert_eq!(row.due_at, Some(at(TimeDelta::days(28))), "{class:?}");
            let last = after(row, TimeDelta::days(28), |settling, row| {
                settling.failed(row, &post(), &failure(class));
            });
            assert_eq!(last.due_at, None);
        }
    }

    #[test]
    fn what_can_never_be_read_is_not_asked_for_again() {
        let row = after(row(), TimeDelta::hours(1), |settling, row| {
            settling.answered(row, &post(), Reading::Unreadable { reason: "No id." });
        });
        assert_eq!(
            (row.due_at, row.error_message.as_deref()),
            (None, Some("No id."))
        );
    }
}
