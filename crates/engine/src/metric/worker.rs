use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use futures::{StreamExt, stream};
use posthaste_core::{Result, ids::ConnectionId};
use posthaste_store::metric::{self as rows, TargetMetrics};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::account::read_account;
use crate::App;

/// Targets claimed at once, and accounts read at the same time: reading waits behind publishing.
const BATCH: i64 = 100;
const AT_ONCE: usize = 4;

/// How long a claimed target is this worker's.
const LEASE: TimeDelta = TimeDelta::minutes(5);

/// How much more seldom than due posts, due readings are looked for.
const PATIENCE: u32 = 5;

/// Reads what is due until `stop`; what is begun then is due again when its lease ends.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    loop {
        let pause = match stop.run_until_cancelled(read_due(&app)).await {
            None => return,
            Some(Ok(0)) => app.timing.poll * PATIENCE,
            Some(Ok(_)) => Duration::ZERO,
            Some(Err(error)) => {
                tracing::warn!(%error, cause = ?error.cause, "cannot read how posts do");
                app.timing.poll * PATIENCE
            }
        };
        if stop
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_none()
        {
            return;
        }
    }
}

/// Reads the figures that are due, those of an account together; one pass. Returns how many targets it
/// looked at.
pub async fn read_due(app: &App) -> Result<usize> {
    let now = app.now();
    let lease_until = now + LEASE;
    let due = rows::claim(&mut *app.db.get().await?, BATCH, now, lease_until).await?;
    let count = due.len();
    let mut accounts: BTreeMap<Uuid, (ConnectionId, Vec<TargetMetrics>)> = BTreeMap::new();
    for row in due {
        let id = row.connection_id;
        let (_, rows) = accounts.entry(id.uuid()).or_insert((id, Vec::new()));
        rows.push(row);
    }
    stream::iter(accounts.into_values())
        .for_each_concurrent(AT_ONCE, |(connection, rows)| async move {
            if let Err(error) = read_account(app, rows, lease_until).await {
                tracing::warn!(%connection, %error, cause = ?error.cause, "a reading was broken off");
            }
        })
        .await;
    Ok(count)
}
