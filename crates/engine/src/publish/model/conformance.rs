//! The model's store against the real one: random interleavings on PostgreSQL, compared after each step.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    ErrorCode, Network, Provenance,
    connector::{Intent, Published},
    ids::{ConnectionId, NodeId, PostId, TargetId, WorkspaceId},
    ports::{FrozenClock, Random, SeededRandom},
    quota::{OverBudget, WhenFull},
    target::{State, transition_allowed},
};
use posthaste_store::{
    Json,
    connection::{self, Connection, Status},
    lane, post,
    publish::{self, Move},
    target::{self, Target},
    workspace::{self, Workspace},
};
use posthaste_testkit::TestDatabase;
use serde_json::json;

use super::{
    rules,
    world::{Lease, Row, Trouble, World},
};

const WORKERS: usize = 2;
const STEPS: usize = 400;
const LEASE: TimeDelta = TimeDelta::seconds(90);

/// What may happen, and how often.
const OFTEN: [(&str, usize); 10] = [
    ("claim", 5),
    ("intent", 4),
    ("progress", 2),
    ("advance", 6),
    ("read back", 3),
    ("lease", 2),
    ("sweep", 3),
    ("crash", 1),
    ("schedule", 3),
    ("cancel", 1),
];

/// The real thing: the row, and what each worker believes.
struct Real {
    test: TestDatabase,
    clock: FrozenClock,
    random: SeededRandom,
    id: (WorkspaceId, TargetId),
    line: ConnectionId,
    nodes: [NodeId; WORKERS],
    /// The target as each worker took it.
    taken: [Option<Target>; WORKERS],
    now: DateTime<Utc>,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_does_what_the_model_says() {
    let mut past = Vec::new();
    for seed in 1..=3 {
        let mut real = Real::new(seed).await;
        let mut model = World::<WORKERS>::new(false);
        for step in 0..STEPS {
            past.push(real.step(&mut model).await);
            let last = &past[past.len().saturating_sub(12)..];
            real.compare(&model, &format!("seed {seed}, step {step}: {last:#?}"))
                .await;
            if model.row.state == State::Published {
                real.write().await;
                let lane = model.lane;
                model = World {
                    lane,
                    ..World::new(false)
                };
            }
        }
    }
    for what in ["claim", "intent", "progress", "read back", "sweep"] {
        for told in [format!("{what}: true"), format!("{what}: false")] {
            assert!(
                past.iter().any(|step| step.ends_with(&told)),
                "never {told}"
            );
        }
    }
}

impl Real {
    async fn new(seed: u64) -> Self {
        let test = TestDatabase::new().await;
        let clock = posthaste_testkit::clock();
        let random = SeededRandom::new(seed);
        let now = posthaste_testkit::start();
        let workspace = WorkspaceId::new(&clock, &random);
        let line = ConnectionId::new(&clock, &random);
        let mut tx = test.db.begin().await.unwrap();
        let room = Workspace {
            second_factor_required: false,
            id: workspace,
            name: "Test".into(),
            time_zone: "UTC".into(),
            created_at: now,
            when_full: WhenFull::Wait,
            over_budget: OverBudget::Hold,
            deleted_at: None,
            erase_at: None,
        };
        workspace::insert(&mut tx, &room).await.unwrap();
        let account = Connection {
            id: line,
            workspace_id: workspace,
            network: Network::X,
            remote_id: "1".into(),
            name: "Ada".into(),
            username: None,
            avatar_url: None,
            status: Status::Active,
            tokens: Some(vec![1]),
            token_expires_at: None,
            refresh_due_at: None,
            reauthorize_by: None,
            refreshing_since: None,
            scopes: Vec::new(),
            default_destination: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        connection::insert(&mut tx, &account).await.unwrap();
        lane::insert(&mut tx, workspace, line, Network::X)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut real = Self {
            nodes: [(); WORKERS].map(|()| NodeId::new(&clock, &random)),
            test,
            clock,
            random,
            id: (workspace, TargetId::from(uuid::Uuid::nil())),
            line,
            taken: [None, None],
            now,
        };
        real.write().await;
        real
    }

    /// A new draft on the same line.
    async fn write(&mut self) {
        let mut tx = self.test.db.begin().await.unwrap();
        let written = post::Post {
            id: PostId::new(&self.clock, &self.random),
            workspace_id: self.id.0,
            body: Json::default(),
            version: 1,
            due_at: None,
            provenance: Json(Provenance::System),
            created_at: self.now,
            updated_at: self.now,
        };
        post::insert(&mut tx, &written).await.unwrap();
        let row = Target {
            id: TargetId::new(&self.clock, &self.random),
            workspace_id: self.id.0,
            post_id: written.id,
            connection_id: self.line,
            due_at: None,
            ..rules::target(World::<WORKERS>::new(false).row)
        };
        target::insert(&mut tx, std::slice::from_ref(&row))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.id.1 = row.id;
        self.taken = [None, None];
    }

    fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[(self.random.unit() * all.len() as f64) as usize]
    }

    fn weighted(&self) -> usize {
        let all: Vec<_> = (0..OFTEN.len())
            .flat_map(|at| std::iter::repeat_n(at, OFTEN[at].1))
            .collect();
        self.one_of(&all)
    }

    async fn row(&self) -> Target {
        let mut conn = self.test.db.get().await.unwrap();
        target::get(&mut conn, self.id.0, self.id.1).await.unwrap()
    }

    /// One random step on both sides, which must agree on whether it did anything.
    async fn step(&mut self, model: &mut World<WORKERS>) -> String {
        let by = self.one_of(&[0, 1]);
        let (what, _) = OFTEN[self.weighted()];
        let told = match what {
            "claim" => self.claim(model, by).await,
            "read back" => self.claim_read_backs(model, by).await,
            "intent" => self.commit_intent(model, by).await,
            "progress" => self.save_progress(model, by).await,
            "advance" => self.advance(model, by).await,
            "lease" => {
                self.now += LEASE + TimeDelta::seconds(1);
                model.lane.end();
                model.reading.end();
                "both end".to_owned()
            }
            "sweep" => self.sweep(model).await,
            "crash" => {
                self.nodes[by] = NodeId::new(&self.clock, &self.random);
                self.taken[by] = None;
                model.crash(by);
                "gone".to_owned()
            }
            "schedule" => self.schedule(model).await,
            _ => self.cancel(model).await,
        };
        format!("worker {by} {what}: {told}")
    }

    async fn claim(&mut self, model: &mut World<WORKERS>, by: usize) -> String {
        let mut tx = self.test.db.begin().await.unwrap();
        let (node, until) = (self.nodes[by], self.now + LEASE);
        let taken = publish::claim(&mut tx, node, &[Network::X], 1, self.now, until)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let did = model.claim(by);
        assert_eq!(taken.len(), usize::from(did), "claim");
        self.taken[by] = taken.into_iter().next().or(self.taken[by].take());
        did.to_string()
    }

    async fn claim_read_backs(&mut self, model: &mut World<WORKERS>, by: usize) -> String {
        let mut conn = self.test.db.get().await.unwrap();
        let (node, until) = (self.nodes[by], self.now + LEASE);
        let taken = publish::claim_read_backs(&mut conn, node, &Network::ALL, 1, self.now, until)
            .await
            .unwrap();
        let did = model.claim_read_backs(by);
        assert_eq!(taken.len(), usize::from(did), "claim of a reading back");
        self.taken[by] = taken.into_iter().next().or(self.taken[by].take());
        did.to_string()
    }

    async fn commit_intent(&mut self, model: &mut World<WORKERS>, by: usize) -> String {
        let Some(target) = &self.taken[by] else {
            return "has none".to_owned();
        };
        let intent = Intent {
            committed_at: None,
            at: self.now,
            ready: json!({}),
            after_id: None,
            known_ids: Vec::new(),
            sent: None,
        };
        let mut conn = self.test.db.get().await.unwrap();
        let margin = TimeDelta::seconds(30);
        let done =
            publish::commit_intent(&mut conn, target, self.nodes[by], &intent, self.now, margin)
                .await
                .unwrap();
        let did = match target.read_back_from {
            Some(_) => model.commit_doubt(by),
            None => model.commit_intent(by),
        };
        assert_eq!(done, did, "intent");
        done.to_string()
    }

    async fn save_progress(&mut self, model: &World<WORKERS>, by: usize) -> String {
        let Some(target) = &self.taken[by] else {
            return "has none".to_owned();
        };
        let mut conn = self.test.db.get().await.unwrap();
        let kept = publish::save_progress(&mut conn, target.id, target.token, &json!({}))
            .await
            .unwrap();
        let ours = model.workers[by].current && model.row.state == State::Claimed;
        assert_eq!(kept, ours, "progress");
        kept.to_string()
    }

    /// A random move, also one that is not in the table and must be refused.
    async fn advance(&mut self, model: &mut World<WORKERS>, by: usize) -> String {
        let Some(target) = self.taken[by].clone() else {
            return "has none".to_owned();
        };
        // Mostly from where it stands.
        let here = model.row.state;
        let from = self.one_of(&[
            here,
            here,
            here,
            State::Claimed,
            State::Sending,
            State::Reconciling,
        ]);
        let (to, trouble) = self.random_move(model);
        let legal = transition_allowed(from, to.state());
        let code = rules::target(Row {
            trouble,
            ..model.row
        })
        .error_code;
        let error = code.as_deref().map(|code| (code, "why"));
        let mut tx = self.test.db.begin().await.unwrap();
        let outcome = publish::advance(&mut tx, &target, from, &to, error, self.now).await;
        let mut next = *model;
        let done = next.advance(Some(by), from, &to, trouble, true);
        if done && !legal {
            assert!(outcome.is_err(), "{from:?} to {to:?} must be refused");
            // Now, not some time later: a row that is locked still is passed over.
            tx.rollback().await.unwrap();
            return "refused by the table".to_owned();
        }
        assert_eq!(outcome.unwrap(), done, "advance from {from:?} to {to:?}");
        if done {
            lane::release(&mut tx, self.line, self.nodes[by].uuid())
                .await
                .unwrap();
            lane::refresh(&mut tx, &[self.line]).await.unwrap();
            tx.commit().await.unwrap();
            next.release(by);
            *model = next;
        } else {
            tx.rollback().await.unwrap();
        }
        format!("{from:?} to {:?}: {done}", to.state())
    }

    fn random_move(&self, model: &World<WORKERS>) -> (Move, Trouble) {
        let live = Published {
            remote_id: "1".into(),
            permalink: None,
        };
        let again = Move::Again {
            counted: model.row.attempt < 8,
        };
        let later = Move::Uncertain {
            read_back_at: self.now,
            misses: i32::from(model.row.misses + 1) % 3,
        };
        match self.one_of(&[0, 1, 1, 2, 2, 2, 3, 4]) {
            0 => (Move::Published(live), Trouble::None),
            1 => (again, Trouble::Other),
            2 => (later, Trouble::PossibleDuplicate),
            3 => (Move::Held, Trouble::OutcomeUnknown),
            _ => (Move::Failed, Trouble::Other),
        }
    }

    /// As `sweep::sweep` does it.
    async fn sweep(&mut self, model: &mut World<WORKERS>) -> String {
        let mut tx = self.test.db.begin().await.unwrap();
        let lines = publish::lost_leases(&mut tx, self.now, 10).await.unwrap();
        let mut lost = None;
        for line in lines {
            lost = publish::take_lost(&mut tx, line, self.now).await.unwrap();
        }
        let is_lost = model.lost_leases();
        assert_eq!(lost.is_some(), is_lost, "lost leases");
        if let Some(mut target) = lost {
            let effect = rules::after_loss(model.row);
            publish::fence(&mut tx, &mut target).await.unwrap();
            let code = rules::target(Row {
                trouble: effect.trouble,
                ..model.row
            });
            let error = code.error_code.as_deref().map(|code| (code, "why"));
            let to = match effect.to {
                Move::Uncertain { misses, .. } => Move::Uncertain {
                    read_back_at: self.now,
                    misses,
                },
                to => to,
            };
            let (from, now) = (target.state, self.now);
            assert!(
                publish::advance(&mut tx, &target, from, &to, error, now)
                    .await
                    .unwrap()
            );
            model.fence();
            assert!(model.advance(None, from, &to, effect.trouble, true));
        }
        lane::refresh(&mut tx, &[self.line]).await.unwrap();
        tx.commit().await.unwrap();
        is_lost.to_string()
    }

    async fn schedule(&mut self, model: &mut World<WORKERS>) -> String {
        let mut row = self.row().await;
        let from = row.state;
        if !transition_allowed(from, State::Scheduled) || from.is_in_flight() {
            return format!("not from {from:?}");
        }
        if row.error_code.as_deref() == Some(ErrorCode::OutcomeUnknown.as_str()) {
            row.read_back_from = Some(self.now);
        }
        row.state = State::Scheduled;
        row.due_at = Some(self.now);
        (row.attempt, row.misses) = (0, 0);
        (row.progress, row.intent) = (None, None);
        (row.error_code, row.error_message) = (None, None);
        self.update(row, from).await;
        model.schedule();
        "done".to_owned()
    }

    async fn cancel(&mut self, model: &mut World<WORKERS>) -> String {
        let mut row = self.row().await;
        let from = row.state;
        if !transition_allowed(from, State::Cancelled) {
            return format!("not from {from:?}");
        }
        row.state = State::Cancelled;
        self.update(row, from).await;
        model.update(State::Cancelled);
        "done".to_owned()
    }

    async fn update(&self, mut row: Target, from: State) {
        let mut tx = self.test.db.begin().await.unwrap();
        target::update(&mut tx, &mut row, from).await.unwrap();
        lane::refresh(&mut tx, &[self.line]).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn compare(&mut self, model: &World<WORKERS>, at: &str) {
        let row = self.row().await;
        let trouble = match row.error_code.as_deref() {
            None => Trouble::None,
            Some(code) if code == ErrorCode::OutcomeUnknown.as_str() => Trouble::OutcomeUnknown,
            Some(code) if code == ErrorCode::PossibleDuplicate.as_str() => {
                Trouble::PossibleDuplicate
            }
            Some(_) => Trouble::Other,
        };
        let real = Row {
            state: row.state,
            attempt: row.attempt as i8,
            misses: row.misses as i8,
            trouble,
            holds_if_absent: false,
            marked: row.read_back_from.is_some(),
        };
        assert_eq!(real, model.row, "{at}");
        for (by, taken) in self.taken.iter().enumerate() {
            let current = taken.as_ref().is_some_and(|t| t.token == row.token);
            assert_eq!(current, model.workers[by].current, "{at}");
        }
        let mut conn = self.test.db.get().await.unwrap();
        let line = lane::get(&mut conn, self.id.0, self.line).await.unwrap();
        drop(conn);
        let busy = line.busy_until.map(|until| until < self.now);
        let held = match model.lane {
            Lease::Free => None,
            Lease::Of { ended, .. } => Some(ended),
        };
        assert_eq!(busy, held, "{at}");
    }
}
