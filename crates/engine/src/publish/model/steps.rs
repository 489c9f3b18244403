//! Everything that can happen next.

use std::{cell::RefCell, collections::HashMap};

use posthaste_core::{
    connector::Lookup,
    target::{State, transition_allowed},
};
use posthaste_store::publish::Move;

use super::{
    rules::{self, Effect},
    search::{Kind, Step},
    worker::Steps,
    world::{Answer, Lease, Phase, Row, Trouble, World},
};
use crate::post::TargetAction;

/// What holds; each may be switched off to see what it is good for.
#[derive(Clone, Copy, Debug)]
pub struct Switches {
    /// A write names its token.
    pub fence: bool,
    /// The intent is written down before the call.
    pub intent: bool,
    /// Readings that prove absence; 0: nothing is read back, what is unknown is simply sent again.
    pub readings: i8,
    /// Only what a worker has in work is kept alive.
    pub keeps_own_work_only: bool,
    /// After a stall since the intent nothing is sent. Off: a process may be stopped between this check
    /// and the socket, for longer than its lease.
    pub checks_stall: bool,
    /// What was dropped while it may be live is looked for when it is scheduled again.
    pub remembers_doubt: bool,
    /// After the newest writes are lost, what may have been sent is read back first.
    pub starts_safely: bool,
}

/// As it is.
pub const REAL: Switches = Switches {
    fence: true,
    intent: true,
    readings: 3,
    keeps_own_work_only: true,
    checks_stall: true,
    remembers_doubt: true,
    starts_safely: true,
};

/// Changes of state that were made, by whom.
pub type Taken = HashMap<(State, State), Vec<Kind>>;

/// The world with its rules.
pub struct Model {
    pub on: Switches,
    /// Changes of state that happened.
    pub taken: RefCell<Taken>,
    memory: RefCell<Memory>,
}

pub(super) type Named = Vec<(&'static str, Effect)>;

/// Answers of the rules for rows seen before; asking the same again costs too much time.
#[derive(Default)]
struct Memory {
    before: HashMap<Row, Named>,
    hindered: HashMap<Row, Named>,
    calls: HashMap<(Row, Answer, bool), Effect>,
    readings: HashMap<(Row, u8), Effect>,
    losses: HashMap<Row, Effect>,
    may: HashMap<(Row, TargetAction), bool>,
}

impl Model {
    pub fn new(on: Switches) -> Self {
        Self {
            on,
            taken: RefCell::default(),
            memory: RefCell::default(),
        }
    }

    /// Every next step.
    pub fn steps<const N: usize>(&self, world: &World<N>, next: &mut Vec<(Step, World<N>)>) {
        for by in 0..N {
            let mut steps = Steps {
                model: self,
                world,
                by,
                next,
            };
            steps.worker();
            steps.faults();
        }
        self.leases(world, next);
        self.sweep(world, next);
        self.failover(world, next);
        self.people(world, next);
    }

    /// What is wrong with a state.
    pub fn broken<const N: usize>(world: &World<N>) -> Option<&'static str> {
        let (row, wall) = (world.row, world.wall);
        let unknown = row.trouble == Trouble::OutcomeUnknown;
        let may_be_live = row.marked
            || match row.state {
                State::Held | State::Cancelled => unknown,
                State::Draft | State::Scheduled | State::Claimed | State::Failed => false,
                _ => true,
            };
        if world.forbidden {
            return Some("A change of state that is not in the table");
        }
        if let Some(twice) = Self::twice(world) {
            return Some(twice);
        }
        if row.state == State::Published && wall.visible == 0 {
            return Some("Told to be live, but it is not");
        }
        if row.state == State::Scheduled && wall.refused {
            return Some("What was refused as a duplicate is sent again by itself");
        }
        (wall.visible > 0 && !may_be_live)
            .then_some("It is live, and nobody is told that it may be")
    }

    /// Whether it went out twice.
    pub fn twice<const N: usize>(world: &World<N>) -> Option<&'static str> {
        (world.wall.visible > 1)
            .then_some("Two visible calls without a proved absence between them")
    }

    pub(super) fn note<const N: usize>(&self, from: State, world: &mut World<N>, kind: Kind) {
        let to = world.row.state;
        if from == to {
            return;
        }
        world.forbidden |= !transition_allowed(from, to);
        let mut taken = self.taken.borrow_mut();
        let kinds = taken.entry((from, to)).or_default();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }

    /// A lease ends: by itself when nobody keeps it, as a fault when its worker stands still.
    fn leases<const N: usize>(&self, world: &World<N>, next: &mut Vec<(Step, World<N>)>) {
        let lane = world.lane.runs().then(|| {
            let mut to = *world;
            to.lane.end();
            for (by, worker) in to.workers.iter_mut().enumerate() {
                // `commit_intent` left more of the lease than `LONGEST_STALL`.
                if world.lane.is_of(by) && worker.current && worker.phase == Phase::Intended {
                    worker.phase = Phase::Overslept;
                }
            }
            (
                self.kept(world, world.lane),
                "the lease of the lane ends",
                to,
            )
        });
        let reading = world.reading.runs().then(|| {
            let mut to = *world;
            to.reading.end();
            let kept = self.kept(world, world.reading);
            (kept, "the lease of the reading back ends", to)
        });
        for (kept, what, to) in [lane, reading].into_iter().flatten() {
            let kind = if kept { Kind::Fault } else { Kind::System };
            next.push((system(kind, what, ""), to));
        }
    }

    fn kept<const N: usize>(&self, world: &World<N>, lease: Lease) -> bool {
        (0..N).any(|by| {
            let works = world.workers[by].phase != Phase::Idle;
            lease.is_of(by) && (works || !self.on.keeps_own_work_only)
        })
    }

    fn sweep<const N: usize>(&self, world: &World<N>, next: &mut Vec<(Step, World<N>)>) {
        let mut to = *world;
        let lost = to.lost_leases();
        if lost {
            let from = to.row.state;
            let effect = self.after_loss(to.row);
            to.fence();
            self.advance(&mut to, None, from, &effect);
        }
        if to != *world {
            let with = if lost { "rescued" } else { "the lane is free" };
            next.push((system(Kind::System, "lost leases are swept", with), to));
        }
    }

    /// `publish::advance` with what the network's side of it is.
    pub(super) fn advance<const N: usize>(
        &self,
        world: &mut World<N>,
        by: Option<usize>,
        from: State,
        effect: &Effect,
    ) -> bool {
        let mut to = effect.to.clone();
        if self.on.readings == 0 && matches!(to, Move::Uncertain { .. }) {
            to = Move::Again { counted: false };
        }
        let before = world.row;
        let done = world.advance(by, from, &to, effect.trouble, self.on.fence);
        if done {
            self.note(from, world, Kind::System);
            world.wall.refused |=
                from == State::Sending && effect.trouble == Trouble::PossibleDuplicate;
            if world.row.misses > before.misses {
                world.wall.lag = (world.wall.lag - 1).max(0);
            }
        }
        done
    }

    fn failover<const N: usize>(&self, world: &World<N>, next: &mut Vec<(Step, World<N>)>) {
        use State::{Claimed, Failed, Held, Published, Reconciling, Sending, Uncertain};
        let ways: &[(bool, &str)] = match world.row.state {
            _ if world.restored => &[],
            Sending | Uncertain | Reconciling | Published => &[
                (true, "it is claimed again"),
                (false, "it is scheduled again"),
            ],
            Claimed | Held | Failed => &[(false, "it is scheduled again")],
            _ => &[],
        };
        for (claimed, with) in ways.iter().copied() {
            let mut to = *world;
            to.lose_newest_writes(claimed, self.on.starts_safely);
            let what = "the database loses its newest writes";
            next.push((system(Kind::Fault, what, with), to));
        }
    }

    fn people<const N: usize>(&self, world: &World<N>, next: &mut Vec<(Step, World<N>)>) {
        let row = world.row;
        let mut act = |what, change: &dyn Fn(&mut World<N>)| {
            let mut to = *world;
            change(&mut to);
            self.note(row.state, &mut to, Kind::Person);
            next.push((system(Kind::Person, what, ""), to));
        };
        if self.may(TargetAction::Schedule, row) {
            act("schedules it", &|to| {
                to.schedule();
                to.row.marked &= self.on.remembers_doubt || row.marked;
            });
        }
        if self.may(TargetAction::Unschedule, row) {
            act("takes its time away", &|to| to.update(State::Draft));
        }
        if self.may(TargetAction::Cancel, row) {
            act("cancels it", &|to| {
                to.update(State::Cancelled);
                if row.state == State::Claimed {
                    to.lane = Lease::Free;
                }
            });
        }
        if self.may(TargetAction::Retry, row) {
            act("tries it again", &World::schedule);
        }
        if self.may(TargetAction::Settle, row) {
            act("says that it is live", &|to| {
                to.update(State::Published);
                to.row.trouble = Trouble::None;
                to.row.marked = false;
                to.wall.visible = to.wall.visible.max(1);
            });
        }
        if matches!(row.state, State::Held | State::Failed) {
            // The person has looked, and answers for it.
            act("says that it is to be published", &|to| {
                to.row.trouble = Trouble::None;
                to.row.marked = false;
                to.schedule();
                to.wall.visible = 0;
                to.wall.lag = 0;
            });
        }
        if row.state == State::Held && row.trouble == Trouble::ReconnectRequired {
            act("reconnects the account", &|to| {
                to.update(State::Scheduled);
                to.row.trouble = Trouble::None;
            });
        }
        if self.may(TargetAction::DeleteRemote, row) {
            act("deletes it on the network", &|to| {
                to.update(State::DeletedRemote);
            });
        }
    }

    fn may(&self, action: TargetAction, row: Row) -> bool {
        let mut memory = self.memory.borrow_mut();
        let may = memory.may.entry((row, action));
        *may.or_insert_with(|| rules::may(action, row))
    }

    fn after_loss(&self, row: Row) -> Effect {
        let mut memory = self.memory.borrow_mut();
        let effect = memory.losses.entry(row);
        effect.or_insert_with(|| rules::after_loss(row)).clone()
    }

    pub(super) fn before_sending(&self, row: Row) -> Named {
        let mut memory = self.memory.borrow_mut();
        let named = memory.before.entry(row);
        named.or_insert_with(|| rules::before_sending(row)).clone()
    }

    pub(super) fn without_reading(&self, row: Row) -> Named {
        let mut memory = self.memory.borrow_mut();
        let named = memory.hindered.entry(row);
        let mut named = named.or_insert_with(|| rules::without_reading(row)).clone();
        let reason = String::from("several match");
        let cannot = rules::after_reading(row, Lookup::CannotTell { reason }, 1);
        named.push(("several match", cannot));
        named
    }

    pub(super) fn after_answer(&self, row: Row, answer: Answer, refreshed: bool) -> Effect {
        let mut memory = self.memory.borrow_mut();
        let effect = memory.calls.entry((row, answer, refreshed));
        effect
            .or_insert_with(|| rules::after_answer(row, answer, refreshed))
            .clone()
    }

    pub(super) fn after_reading(&self, row: Row, finding: Finding) -> Effect {
        let mut memory = self.memory.borrow_mut();
        let effect = memory.readings.entry((row, finding as u8));
        let lookup = match finding {
            Finding::Found => rules::found(),
            Finding::Missed => Lookup::Absent { proved: false },
            Finding::Absent => Lookup::Absent { proved: true },
        };
        let needed = i32::from(self.on.readings);
        effect
            .or_insert_with(|| rules::after_reading(row, lookup, needed))
            .clone()
    }
}

/// What a reading back came to.
#[derive(Clone, Copy)]
pub(super) enum Finding {
    Found,
    Missed,
    Absent,
}

fn system(kind: Kind, what: &'static str, with: &'static str) -> Step {
    Step {
        kind,
        worker: None,
        what,
        with,
    }
}
