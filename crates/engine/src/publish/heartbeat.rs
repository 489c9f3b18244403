use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use posthaste_core::{Error, ids::NodeId};
use posthaste_store::{Conn, publish};
use tokio_util::sync::CancellationToken;

use super::held::Held;
use crate::App;

/// How long a sign of life may take to be written.
const LONGEST_WRITE: Duration = Duration::from_secs(5);

/// Keeps the leases of what this worker works on alive. A process that was stopped for so long that
/// its leases may be gone ends at once: what it still believes is no longer true.
pub(super) async fn keep_leases(
    app: App,
    worker: NodeId,
    held: Arc<Held>,
    stop: CancellationToken,
    watchdog: bool,
) {
    let lease = app.timing.lease;
    // A database that lets it wait is no sign that this process was stopped.
    let patience = LONGEST_WRITE.min(lease / 3);
    // Not of the pool: with much to publish it would wait there behind all whose leases it keeps.
    let mut line: Option<Conn> = None;
    let mut last = Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(lease / 6) => {}
            () = stop.cancelled() => return,
        }
        let late = last.elapsed().saturating_sub(lease / 6);
        if watchdog && late > lease / 2 {
            tracing::error!(
                milliseconds = late.as_millis() as u64,
                "this process was stopped for too long; ending it"
            );
            std::process::abort();
        }
        last = Instant::now();
        let until = app.now() + TimeDelta::from_std(lease).unwrap_or(TimeDelta::seconds(90));
        let in_work = held.now();
        if in_work.is_empty() {
            continue;
        }
        let kept = async {
            let mut conn = match line.take() {
                Some(conn) => conn,
                None => app.db.address().connect().await?,
            };
            publish::keep(&mut conn, worker, &in_work, until).await?;
            Ok::<_, Error>(conn)
        };
        match tokio::time::timeout(patience, kept).await {
            Ok(Ok(conn)) => line = Some(conn),
            Ok(Err(error)) => {
                tracing::warn!(%error, cause = ?error.cause, "cannot keep the leases");
            }
            Err(_) => tracing::warn!("keeping the leases takes too long"),
        }
    }
}
