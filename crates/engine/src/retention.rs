//! How long the logs are kept. They are partitioned by month; a month goes when all of it is older
//! than the policy says, except for what is still needed.

use chrono::{DateTime, Datelike, Months, NaiveTime, Utc};
use posthaste_core::Result;
use posthaste_store::partition::{self, ATTEMPTS, EVENTS, Log, STEPS};

use crate::App;

/// Months made ahead, so that a worker may be away for that long.
const AHEAD: u32 = 3;

/// For how many months the logs are kept; 0 is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Events.
    pub events: u32,
    /// Tries and timelines of targets.
    pub timelines: u32,
}

impl Default for Retention {
    /// A year can be compared with the one before it.
    fn default() -> Self {
        Self {
            events: 13,
            timelines: 13,
        }
    }
}

/// Makes the partitions of the next three months, and drops those that are too old. Any number of processes
/// may call it; one works. Call it only while the clock can be trusted.
///
/// This month's is never made: whoever writes a row to the rest at that moment would be refused. It was made
/// last month, or the rest has this month.
pub async fn sweep(app: &App, retention: Retention) -> Result<()> {
    let now = app.now();
    let logs: [(&Log, u32); 3] = [
        (&EVENTS, retention.events),
        (&ATTEMPTS, retention.timelines),
        (&STEPS, retention.timelines),
    ];
    for (log, months) in logs {
        for ahead in 1..=AHEAD {
            let (since, until) = (month(now, ahead), month(now, ahead + 1));
            partition::make(&app.db, log, since, until).await?;
        }
        if let Some(before) = before(now, months) {
            for name in partition::drop_before(&app.db, log, before).await? {
                tracing::info!(
                    partition = name,
                    "dropped what is older than the policy says"
                );
            }
        }
    }
    Ok(())
}

/// The beginning of the month `ahead` months after the one of `now`, in UTC.
fn month(now: DateTime<Utc>, ahead: u32) -> DateTime<Utc> {
    // Both fail only at the end of chrono's time.
    let first = now.date_naive().with_day(1).unwrap_or_default();
    let first = first
        .checked_add_months(Months::new(ahead))
        .unwrap_or_default();
    first.and_time(NaiveTime::MIN).and_utc()
}

/// What ended before is too old; nothing when it is kept for ever.
fn before(now: DateTime<Utc>, months: u32) -> Option<DateTime<Utc>> {
    now.checked_sub_months(Months::new(months))
        .filter(|_| months > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn months_go_over_years() {
        let now = at("2026-11-30T23:59:59Z");
        assert_eq!(month(now, 0), at("2026-11-01T00:00:00Z"));
        assert_eq!(month(now, 2), at("2027-01-01T00:00:00Z"));
        assert_eq!(before(now, 13), Some(at("2025-10-30T23:59:59Z")));
        assert_eq!(before(now, 0), None);
    }
}
