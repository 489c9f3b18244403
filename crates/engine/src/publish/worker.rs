use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use posthaste_core::{Network, Result, ids::NodeId, target::State};
use posthaste_store::{publish, target::Target};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    attempt::{Health, claim, publish_one},
    breaker::Breakers,
    clock_guard::ClockGuard,
    heartbeat::keep_leases,
    held::Held,
    read_back,
    room::{Room, Seat},
    sweep,
};
use crate::{
    App, bulk, incident, metric,
    retention::{self, Retention},
    session, tokens, workspace,
};

/// So much time is between two looks at a queue that had no more: what comes due meanwhile is taken together.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// How often tokens to be refreshed are looked for.
const LOOK_FOR_TOKENS: Duration = Duration::from_secs(15);

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Targets in work at the same time.
    pub concurrency: usize,
    /// Read-backs at the same time; they have room of their own and never hold up publishing.
    pub read_backs: usize,
    /// Compare the clock with the database's, and end the process when it was stopped for too long.
    /// Off in tests and where the clock is moved on purpose.
    pub guarded: bool,
    /// How long a worker takes to stop at most: so long it waits for what it has begun.
    pub drain: Duration,
    /// How long events and timelines are kept.
    pub retention: Retention,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 32,
            read_backs: 8,
            guarded: true,
            drain: Duration::from_secs(25),
            retention: Retention::default(),
        }
    }
}

/// Publishes as a process of its own until `stop`, then finishes what is begun and lets go of the rest. Ends
/// before only if a part of it broke off.
pub async fn run(app: App, settings: Settings, stop: CancellationToken) {
    let id = NodeId::new(&*app.clock, &*app.random);
    run_as(id, app, settings, stop).await;
}

/// As [`run`]; claims carry the id.
pub async fn run_as(id: NodeId, app: App, settings: Settings, stop: CancellationToken) {
    // Its own, so that it can stop by itself.
    let stop = stop.child_token();
    let held = Arc::new(Held::default());
    let worker = Arc::new(Worker {
        id,
        settings,
        breakers: Breakers::default(),
        guard: ClockGuard::new(),
        room: Room::new(settings.concurrency, held.clone()),
        held,
        app,
        stop: stop.clone(),
    });
    tracing::info!(worker = %id, concurrency = settings.concurrency, "worker started");
    let beating = CancellationToken::new();
    let heart = tokio::spawn(keep_leases(
        worker.app.clone(),
        id,
        worker.held.clone(),
        beating.clone(),
        settings.guarded,
    ));
    let mut work = JoinSet::new();
    work.spawn(worker.clone().publish_loop());
    work.spawn(worker.clone().read_back_loop());
    work.spawn(worker.clone().sweep_loop());
    work.spawn(worker.clone().erase_loop());
    work.spawn(worker.clone().token_loop());
    work.spawn(worker.clone().incident_loop());
    work.spawn(worker.clone().retention_loop());
    work.spawn(worker.clone().bulk_loop());
    work.spawn(metric::run(worker.app.clone(), stop.clone()));
    tokio::select! {
        () = stop.cancelled() => {}
        // None of them ends before it is told to.
        Some(ended) = work.join_next() => {
            if !stop.is_cancelled() {
                tracing::error!(worker = %id, error = ?ended.err(), "a part of the worker broke off");
                stop.cancel();
            }
        }
    }
    let end = Instant::now() + settings.drain;
    let all = async { while work.join_next().await.is_some() {} };
    if timeout(settings.drain, all).await.is_err() {
        tracing::warn!("not all that was begun ended in time; another worker takes it over");
        work.shutdown().await;
    }
    tokens::written(&worker.app, end.saturating_duration_since(Instant::now())).await;
    beating.cancel();
    let _ = heart.await;
    tracing::info!(worker = %id, "worker stopped");
}

struct Worker {
    app: App,
    id: NodeId,
    settings: Settings,
    breakers: Breakers,
    guard: ClockGuard,
    held: Arc<Held>,
    room: Room,
    stop: CancellationToken,
}

/// What one look at the queue came to.
#[derive(Default)]
struct Taken {
    /// Targets, whether each is a probe, and their seats.
    work: Vec<(Target, bool, OwnedSemaphorePermit)>,
    /// As many as were asked for: there may be more.
    more: bool,
    /// A network has all it may have of the room.
    crowded: bool,
}

impl Worker {
    async fn publish_loop(self: Arc<Self>) {
        let mut running = JoinSet::new();
        while !self.stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let (asked, looked) = (self.app.now(), Instant::now());
            let Taken {
                work,
                more,
                crowded,
            } = match self.take().await {
                Ok(taken) => taken,
                Err(error) => {
                    tracing::warn!(%error, cause = ?error.cause, "cannot claim");
                    self.pause(Duration::from_secs(1)).await;
                    continue;
                }
            };
            for (target, probing, seat) in work {
                let worker = self.clone();
                let mut seat = self.room.begin(&target, seat);
                running.spawn(async move { worker.publish(target, probing, &mut seat).await });
            }
            if !more {
                self.rest(asked, crowded).await;
                self.pause(BETWEEN_LOOKS.saturating_sub(looked.elapsed()))
                    .await;
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// As many due targets as there is room for, each with its seat.
    async fn take(&self) -> Result<Taken> {
        // While the clock is doubted the breakers' probes are not to be spent.
        if self.trusted_now().is_none() {
            return Ok(Taken::default());
        }
        // Room first: what is claimed is begun at once.
        let seats = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Ok(Taken::default()),
            seats = self.room.free() => seats,
        };
        let allowance = self.breakers.allowance(&self.app, seats.len()).await?;
        // The wait for room may have been long: time is judged by what it is now.
        let Some(now) = self.trusted_now() else {
            return Ok(Taken::default());
        };
        let mut taken = Vec::new();
        for network in allowance.probe {
            let due = self.claim(&[network], 1, now).await;
            taken.extend(
                begin_anyway(&taken, due)?
                    .into_iter()
                    .map(|one| (one, true)),
            );
        }
        let (open, share) = self
            .held
            .shares(&allowance.open, self.settings.concurrency, false);
        let limit = seats.len().saturating_sub(taken.len()).min(share);
        let mut more = false;
        if limit > 0 {
            let due = self.claim(&open, limit, now).await;
            let due = begin_anyway(&taken, due)?;
            more = due.len() == limit;
            taken.extend(due.into_iter().map(|one| (one, false)));
        }
        Ok(Taken {
            work: taken
                .into_iter()
                .zip(seats)
                .map(|((target, probing), seat)| (target, probing, seat))
                .collect(),
            more,
            crowded: open.len() < allowance.open.len(),
        })
    }

    /// The time, unless the clock is doubted.
    fn trusted_now(&self) -> Option<DateTime<Utc>> {
        (!self.settings.guarded || self.guard.is_trusted()).then(|| self.app.now())
    }

    async fn claim(
        &self,
        networks: &[Network],
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<Target>> {
        claim(&self.app, self.id, networks, limit as i64, now).await
    }

    async fn publish(&self, target: Target, probing: bool, seat: &mut Seat) {
        let (id, network) = (target.id, target.network);
        let health = match publish_one(&self.app, self.id, target, seat, &self.stop).await {
            Ok(health) => health,
            // The lease ends, the sweep takes it: what was sent is read back, the rest goes again.
            Err(error) => {
                tracing::error!(target_id = %id, %error, cause = ?error.cause, "a try was broken off");
                Health::Unasked
            }
        };
        if let Err(error) = self
            .breakers
            .note(&self.app, network, health, probing)
            .await
        {
            tracing::warn!(%error, "cannot move the breaker");
        }
        if probing {
            // The network is open again, or the next one due is the probe.
            self.app.hints.due();
        }
    }

    async fn read_back_loop(self: Arc<Self>) {
        let room = Arc::new(Semaphore::new(self.settings.read_backs));
        let mut running = JoinSet::new();
        while !self.stop.is_cancelled() {
            while running.try_join_next().is_some() {}
            let (networks, share) = self
                .held
                .shares(&Network::ALL, self.settings.read_backs, true);
            let limit = room.available_permits().min(share);
            // While the clock cannot be trusted, no absence may be proved by it either.
            let due = if limit == 0 || self.trusted_now().is_none() {
                Ok(Vec::new())
            } else {
                read_back::claim(&self.app, self.id, &networks, limit as i64).await
            };
            let due = due.unwrap_or_else(|error| {
                tracing::warn!(%error, cause = ?error.cause, "cannot look for what must be read back");
                Vec::new()
            });
            for target in due {
                let Ok(permit) = room.clone().try_acquire_owned() else {
                    break;
                };
                let worker = self.clone();
                let in_work = self.held.begin(&target);
                running.spawn(async move {
                    let _in_work = in_work;
                    let id = target.id;
                    debug_assert_eq!(target.state, State::Reconciling);
                    if let Err(error) = read_back::read_back(&worker.app, worker.id, target).await {
                        tracing::error!(target_id = %id, %error, cause = ?error.cause, "a reading back was broken off");
                    }
                    drop(permit);
                });
            }
            self.pause(self.app.timing.poll / 2).await;
        }
        while running.join_next().await.is_some() {}
    }

    async fn sweep_loop(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, cause = ?error.cause, "cannot sweep");
            }
            self.pause(self.app.timing.sweep.min(Duration::from_secs(5)))
                .await;
        }
    }

    async fn sweep(&self) -> Result<()> {
        if !self.check_clock().await? {
            // By a wrong clock every lease of others seems lost, or none.
            return Ok(());
        }
        sweep::sweep(&self.app).await?;
        crate::media::sweep(&self.app).await?;
        crate::idempotency::sweep(&self.app).await?;
        crate::request_log::sweep(&self.app).await?;
        crate::oauth::sweep(&self.app).await?;
        bulk::sweep(&self.app).await?;
        crate::preflight::look_ahead(&self.app).await?;
        Ok(())
    }

    /// Erases deleted workspaces. It may take hours and be broken off anywhere: the next call goes on.
    async fn erase_loop(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            tokio::select! {
                () = self.stop.cancelled() => return,
                tried = self.erase() => if let Err(error) = tried {
                    tracing::warn!(%error, cause = ?error.cause, "cannot look for what is to be erased");
                },
            }
            self.pause(self.app.timing.sweep).await;
        }
    }

    async fn erase(&self) -> Result<()> {
        if !self.check_clock().await? {
            // By a clock that is ahead the grace seems over, and nothing brings a workspace back.
            return Ok(());
        }
        workspace::erase_due(&self.app).await
    }

    /// Compares the clock with the database's; whether it can be trusted.
    async fn check_clock(&self) -> Result<bool> {
        if !self.settings.guarded {
            return Ok(true);
        }
        let database = posthaste_store::database_time(&mut *self.app.db.get().await?).await?;
        self.app.clock.compared(database);
        self.guard.compare(self.app.now(), database);
        Ok(self.guard.is_trusted())
    }

    /// Keeps the logs' partitions as the policy says.
    async fn retention_loop(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            let tried = match self.sweep_logs().await {
                Ok(swept) => swept,
                // Each try holds writers up a little, and a backup may have the tables for hours.
                Err(error) => {
                    tracing::warn!(%error, cause = ?error.cause, "cannot make or drop partitions yet");
                    true
                }
            };
            self.pause(Duration::from_secs(if tried { 3600 } else { 60 }))
                .await;
        }
    }

    /// False while the clock cannot be trusted: one that jumped ahead must not drop this year's log.
    async fn sweep_logs(&self) -> Result<bool> {
        if !self.check_clock().await? {
            return Ok(false);
        }
        retention::sweep(&self.app, self.settings.retention).await?;
        session::sweep(&self.app).await?;
        Ok(true)
    }

    /// Looks for what looks like an attack.
    async fn incident_loop(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            if let Err(error) = incident::watch(&self.app).await {
                tracing::warn!(%error, cause = ?error.cause, "cannot look for incidents");
            }
            self.pause(Duration::from_mins(1)).await;
        }
    }

    async fn token_loop(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            if let Err(error) = self.look_after_tokens().await {
                tracing::warn!(%error, cause = ?error.cause, "cannot look after tokens");
            }
            self.pause(LOOK_FOR_TOKENS / self.app.timing.pace).await;
        }
    }

    async fn look_after_tokens(&self) -> Result<()> {
        if !self.check_clock().await? {
            // By a clock that is ahead every token seems old, and a refresh that is lost costs the access.
            return Ok(());
        }
        tokens::refresh_due(&self.app).await?;
        tokens::ask_in_time(&self.app).await?;
        tokens::give_back_due(&self.app).await?;
        Ok(())
    }

    /// Works through bulk jobs. By a wrong clock their times would seem to have passed.
    async fn bulk_loop(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            let worked = match self.trusted_now() {
                Some(_) => bulk::work(&self.app, &self.stop).await,
                None => Ok(false),
            };
            let worked = worked.unwrap_or_else(|error| {
                tracing::warn!(%error, cause = ?error.cause, "a bulk job cannot go on yet");
                false
            });
            if !worked {
                self.pause(self.app.timing.poll).await;
            }
        }
    }

    /// Until a hint, the next due instant after `asked` or the next poll, whichever comes first. What was due
    /// when it was `asked` for and could not be claimed waits for something else, and must not keep what is due
    /// next waiting.
    async fn rest(&self, asked: DateTime<Utc>, crowded: bool) {
        let poll = self
            .app
            .timing
            .poll
            .mul_f64(0.8 + 0.4 * self.app.random.unit());
        let next = async { publish::next_due(&mut *self.app.db.get().await?, asked).await };
        let wait = match next.await {
            Ok(Some(due)) => (due - self.app.now())
                .to_std()
                .unwrap_or_default()
                .min(poll),
            Ok(None) | Err(_) => poll,
        };
        tokio::select! {
            () = self.app.hints.wait_due() => {}
            () = self.held.fewer(), if crowded => {}
            () = self.pause(wait) => {}
        }
    }

    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = sleep(time) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// What was taken before is begun, whatever becomes of the rest: nobody else knows of it.
fn begin_anyway<T>(before: &[T], due: Result<Vec<Target>>) -> Result<Vec<Target>> {
    match due {
        Err(error) if !before.is_empty() => {
            tracing::warn!(%error, cause = ?error.cause, "cannot claim more");
            Ok(Vec::new())
        }
        due => due,
    }
}
