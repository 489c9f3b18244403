//! How sample posts do. Nobody published them, so no network can be asked: their figures are made up,
//! the same for the same place in time.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Result,
    metric::{Metric, Metrics},
    target::State,
};
use posthaste_store::{
    Conn,
    metric::{self, TargetMetrics},
    target::Target,
};

use crate::App;

/// Per thousand views.
const SHARES: [(Metric, i64); 6] = [
    (Metric::Reach, 740),
    (Metric::Likes, 38),
    (Metric::Comments, 6),
    (Metric::Shares, 5),
    (Metric::Saves, 9),
    (Metric::Clicks, 21),
];

/// Writes the figures of an old target, if it is live: as its network would tell them, read for the
/// last time.
pub(super) async fn write(app: &App, conn: &mut Conn, target: &Target) -> Result<()> {
    let (State::Published, Some(at)) = (target.state, target.published_at) else {
        return Ok(());
    };
    let rule = &app.connector(target.network).capabilities().metrics;
    let mut row = TargetMetrics::new(
        target.workspace_id,
        target.id,
        target.connection_id,
        target.network,
        None,
    );
    let read_at = rule.plan.last().map(|age| (at + *age).min(app.now()));
    row.set(made_up(at, rule.gives), read_at.unwrap_or(at));
    metric::insert(conn, &[row]).await
}

fn made_up(at: DateTime<Utc>, gives: &[Metric]) -> Metrics {
    let days = (at - DateTime::UNIX_EPOCH + TimeDelta::hours(1)).num_days();
    let views = 600 + days * 7919 % 4400;
    let mut metrics = Metrics::default();
    let mut put = |metric, count| {
        if gives.contains(&metric) {
            metrics.add(metric, count);
        }
    };
    put(Metric::Views, views);
    for (metric, share) in SHARES {
        put(metric, views * share / 1000);
    }
    metrics
}
