use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use posthaste_core::ids::{ConnectionId, NodeId, TargetId};
use posthaste_store::{publish, target::Target};
use tokio_util::sync::CancellationToken;

use crate::App;

/// What a worker has in work. Only this is kept alive: what was claimed without our knowing it, or
/// given up after an error, falls to the sweep.
#[derive(Clone, Default)]
pub(super) struct InWork(Arc<Mutex<Leases>>);

/// By target and token: a target that was lost may come back to the same worker.
type Leases = HashMap<(TargetId, i64), ConnectionId>;

impl InWork {
    /// Takes a target into work until the answer is dropped.
    pub fn begin(&self, target: &Target) -> Begun {
        let lease = (target.id, target.token);
        self.leases().insert(lease, target.connection_id);
        Begun {
            of: self.clone(),
            lease,
        }
    }

    fn all(&self) -> Vec<(TargetId, ConnectionId)> {
        self.leases()
            .iter()
            .map(|((id, _), line)| (*id, *line))
            .collect()
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A target in work.
pub(super) struct Begun {
    of: InWork,
    lease: (TargetId, i64),
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.of.leases().remove(&self.lease);
    }
}

/// Keeps this worker's leases alive. A process that was stopped for so long that its leases may be
/// gone ends at once: what it still believes is no longer true.
pub(super) async fn keep_leases(
    app: App,
    worker: NodeId,
    in_work: InWork,
    stop: CancellationToken,
    watchdog: bool,
) {
    let lease = app.timing.lease;
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
        let in_work = in_work.all();
        if in_work.is_empty() {
            continue;
        }
        let kept =
            async { publish::keep(&mut *app.db.get().await?, worker, &in_work, until).await };
        match tokio::time::timeout(Duration::from_secs(5), kept).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, cause = ?error.cause, "cannot keep the leases");
            }
            Err(_) => tracing::warn!("keeping the leases takes too long"),
        }
    }
}
