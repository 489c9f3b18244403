use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use posthaste_core::{Result, ids::NodeId};
use posthaste_store::webhook::work;
use tokio::{sync::Semaphore, task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    deliver::{claim, deliver},
    fan_out::fan_out,
};
use crate::App;

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Tries at the same time.
    pub concurrency: usize,
    /// How long a stopping worker waits for what it has begun.
    pub drain: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 128,
            drain: Duration::from_secs(15),
        }
    }
}

/// So long news is gathered before it is looked at: events come in swarms.
const GATHER: Duration = Duration::from_millis(50);

/// How long a finished delivery is kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// How often old ones are looked for, and how many go at a time.
const FORGET_EVERY: Duration = Duration::from_mins(1);
const FORGOTTEN: i64 = 1000;

/// Delivers until `stop`, then finishes what is begun; the rest is due again when its lease ends.
pub async fn run(app: App, settings: Settings, stop: CancellationToken) {
    let worker = Worker {
        id: NodeId::new(&*app.clock, &*app.random),
        room: Arc::new(Semaphore::new(settings.concurrency)),
        app,
        stop,
    };
    let mut running = JoinSet::new();
    let mut forgotten = Instant::now();
    while !worker.stop.is_cancelled() {
        while running.try_join_next().is_some() {}
        match worker.step(&mut running).await {
            Ok(true) => {}
            Ok(false) => worker.rest().await,
            Err(error) => {
                tracing::warn!(%error, cause = ?error.cause, "cannot look for webhooks to deliver");
                worker.pause(Duration::from_secs(1)).await;
            }
        }
        if forgotten.elapsed() >= FORGET_EVERY && !worker.forget().await {
            forgotten = Instant::now();
        }
    }
    let all = async { while running.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(settings.drain, all).await;
}

struct Worker {
    app: App,
    id: NodeId,
    room: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Worker {
    /// Makes deliveries of new events and begins what is due; false when there was nothing to do.
    async fn step(&self, running: &mut JoinSet<()>) -> Result<bool> {
        // Room first: what is taken is begun at once.
        let first = tokio::select! {
            permit = self.room.clone().acquire_owned() => permit,
            () = self.stop.cancelled() => return Ok(false),
        };
        let Ok(first) = first else {
            return Ok(false);
        };
        let mut permits = vec![first];
        while let Ok(permit) = self.room.clone().try_acquire_owned() {
            permits.push(permit);
        }
        let moved = fan_out(&self.app).await? > 0;
        let taken = claim(&self.app, self.id, permits.len() as i64).await?;
        let began = !taken.is_empty();
        for (work, permit) in taken.into_iter().zip(permits) {
            let (app, id) = (self.app.clone(), self.id);
            running.spawn(async move {
                let delivery = work.delivery.id;
                if let Err(error) = deliver(&app, id, work).await {
                    tracing::warn!(%delivery, %error, cause = ?error.cause, "a try was broken off");
                }
                drop(permit);
                app.hints.news();
            });
        }
        Ok(moved || began)
    }

    /// Until there is news, the next due instant or the next poll, whichever comes first.
    async fn rest(&self) {
        let poll = self.app.timing.poll;
        let next = async { work::next_due(&mut *self.app.db.get().await?).await };
        let wait = match next.await {
            // What is due already is another worker's at this moment.
            Ok(Some(due)) => (due - self.app.now()).to_std().unwrap_or(poll).min(poll),
            Ok(None) | Err(_) => poll,
        };
        tokio::select! {
            // What comes with it is looked at together.
            () = self.app.hints.wait_news() => self.pause(GATHER).await,
            () = self.pause(wait) => {}
        }
    }

    /// Forgets some old deliveries; whether there may be more.
    async fn forget(&self) -> bool {
        let before = self.app.now() - KEPT;
        let gone = async { work::forget(&mut *self.app.db.get().await?, before, FORGOTTEN).await };
        match gone.await {
            // There may be more of them.
            Ok(gone) if gone as i64 == FORGOTTEN => true,
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(%error, cause = ?error.cause, "cannot forget old deliveries");
                false
            }
        }
    }

    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = sleep(time) => {}
            () = self.stop.cancelled() => {}
        }
    }
}
