//! What the model knows, and the store's part of it: each function is named after the one in
//! `posthaste_store::publish` or `target` whose effect it has on one target and its lane.

use posthaste_core::target::{MAX_ATTEMPTS, State};
use posthaste_store::publish::Move;

/// The target's error code, as far as a rule reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    None,
    OutcomeUnknown,
    PossibleDuplicate,
    ReconnectRequired,
    Other,
}

/// The target's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    pub state: State,
    pub attempt: i8,
    pub misses: i8,
    pub trouble: Trouble,
    pub holds_if_absent: bool,
    /// `read_back_from`: what may have been published is looked for before anything is sent.
    pub marked: bool,
}

/// Who has a lease: a worker, or a process that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lease {
    Free,
    Of { worker: Option<u8>, ended: bool },
}

impl Lease {
    fn of(worker: usize) -> Self {
        Self::Of {
            worker: Some(worker as u8),
            ended: false,
        }
    }

    pub fn is_of(self, by: usize) -> bool {
        matches!(self, Self::Of { worker: Some(worker), .. } if usize::from(worker) == by)
    }

    pub fn runs(self) -> bool {
        matches!(self, Self::Of { ended: false, .. })
    }

    fn has_ended(self) -> bool {
        matches!(self, Self::Of { ended: true, .. })
    }

    pub fn end(&mut self) {
        if let Self::Of { ended, .. } = self {
            *ended = true;
        }
    }

    fn lose(&mut self, by: usize) {
        if self.is_of(by)
            && let Self::Of { worker, .. } = self
        {
            *worker = None;
        }
    }
}

/// What the one call came to, as the worker saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Published,
    Retry,
    RateLimited,
    Reauthorize,
    Permission,
    Rejected,
    Unknown,
    Duplicate,
}

/// Where a worker stands with the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    Idle,
    /// Claimed; the invisible steps.
    Preparing,
    /// The intent is committed; the check of `LONGEST_STALL` comes next.
    Intended,
    /// It stood still since the intent for so long that its lease ended.
    Overslept,
    /// An intent is committed for a target that is marked; nothing is sent.
    Doubting,
    /// The call is over, its outcome not written down.
    Answered(Answer),
    Reading,
    /// The list did not show the post; not written down.
    Missed {
        proved: bool,
    },
}

/// A worker; `current`: its token is the row's. Only equality counts, so numbers are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Worker {
    pub phase: Phase,
    pub current: bool,
}

/// What is true on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wall {
    /// Calls that became visible since a person last took the risk.
    pub visible: i8,
    /// Readings that may still miss what is visible.
    pub lag: i8,
    /// The last call was refused as duplicate content, and that was written down.
    pub refused: bool,
}

/// One target, its lane, the workers and the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World<const N: usize> {
    pub row: Row,
    pub lane: Lease,
    /// The lease of a reading back, on the target's row.
    pub reading: Lease,
    pub workers: [Worker; N],
    pub wall: Wall,
    /// The last change of state is not in the table; the database would have refused it.
    pub forbidden: bool,
    /// The database has lost its newest writes; once on each way.
    pub restored: bool,
}

impl<const N: usize> World<N> {
    pub fn new(holds_if_absent: bool) -> Self {
        Self {
            row: Row {
                state: State::Draft,
                attempt: 0,
                misses: 0,
                trouble: Trouble::None,
                holds_if_absent,
                marked: false,
            },
            lane: Lease::Free,
            reading: Lease::Free,
            workers: [Worker {
                phase: Phase::Idle,
                current: false,
            }; N],
            wall: Wall {
                visible: 0,
                lag: 0,
                refused: false,
            },
            forbidden: false,
            restored: false,
        }
    }

    /// Token + 1: whoever has an older one changes nothing any more.
    pub fn fence(&mut self) {
        for worker in &mut self.workers {
            worker.current = false;
        }
    }

    fn take(&mut self, by: usize, state: State) {
        self.fence();
        self.workers[by].current = true;
        self.row.state = state;
    }

    pub fn claim(&mut self, by: usize) -> bool {
        let free = self.row.state == State::Scheduled && self.lane == Lease::Free;
        if free {
            self.take(by, State::Claimed);
            self.row.attempt = (self.row.attempt + 1).min(MAX_ATTEMPTS as i8 + 1);
            self.lane = Lease::of(by);
        }
        free
    }

    pub fn claim_read_backs(&mut self, by: usize) -> bool {
        let due = self.row.state == State::Uncertain;
        if due {
            self.take(by, State::Reconciling);
            self.reading = Lease::of(by);
        }
        due
    }

    pub fn commit_intent(&mut self, by: usize) -> bool {
        let ours = self.workers[by].current && self.row.state == State::Claimed;
        let sure = ours && self.lane.is_of(by) && self.lane.runs() && !self.row.marked;
        if sure {
            self.row.state = State::Sending;
        }
        sure
    }

    /// `commit_intent` for a target that was marked when it was loaded.
    pub fn commit_doubt(&mut self, by: usize) -> bool {
        let marked = self.row.marked;
        self.row.marked = false;
        let sure = marked && self.commit_intent(by);
        self.row.marked = marked;
        sure
    }

    /// False when the target is no longer ours. `fenced`: the token counts.
    pub fn advance(
        &mut self,
        by: Option<usize>,
        from: State,
        to: &Move,
        trouble: Trouble,
        fenced: bool,
    ) -> bool {
        let current = by.is_none_or(|by| self.workers[by].current || !fenced);
        if !current || self.row.state != from {
            return false;
        }
        self.row.state = to.state();
        self.row.trouble = trouble;
        self.reading = Lease::Free;
        match to {
            Move::Again { counted, .. } => {
                self.row.attempt -= i8::from(!counted);
                self.row.misses = 0;
                self.row.marked &= from != State::Reconciling;
            }
            Move::Uncertain { misses, .. } => self.row.misses = *misses as i8,
            Move::Published(_) => self.row.marked = false,
            Move::Held | Move::Failed => {}
        }
        true
    }

    /// `lane::release`.
    pub fn release(&mut self, by: usize) {
        if self.lane.is_of(by) {
            self.lane = Lease::Free;
        }
    }

    /// Frees a lane whose lease ended; true when its target, or the reading back, is to be rescued.
    pub fn lost_leases(&mut self) -> bool {
        let lane = self.lane.has_ended();
        if lane {
            self.lane = Lease::Free;
        }
        lane && matches!(self.row.state, State::Claimed | State::Sending)
            || self.row.state == State::Reconciling && self.reading.has_ended()
    }

    /// The process is gone; its leases run on without it.
    pub fn crash(&mut self, by: usize) {
        self.workers[by] = Worker {
            phase: Phase::Idle,
            current: false,
        };
        self.lane.lose(by);
        self.reading.lose(by);
    }

    /// `target::update` with `post::set_time`: on the schedule as if it had never been tried.
    pub fn schedule(&mut self) {
        self.row = Row {
            state: State::Scheduled,
            attempt: 0,
            misses: 0,
            trouble: Trouble::None,
            marked: self.row.marked || self.row.trouble == Trouble::OutcomeUnknown,
            ..self.row
        };
        self.wall.refused = false;
        self.fence();
    }

    /// A standby without the newest writes is promoted, or a backup restored: `recover::safe_start`
    /// marks before anything is claimed. `claimed`: the claim was not lost, the intent was.
    pub fn lose_newest_writes(&mut self, claimed: bool, marks: bool) {
        self.row = Row {
            state: State::Scheduled,
            attempt: 0,
            misses: 0,
            trouble: Trouble::None,
            marked: marks,
            ..self.row
        };
        self.wall.refused = false;
        self.reading = Lease::Free;
        self.restored = true;
        if claimed {
            self.row.state = State::Claimed;
            self.row.attempt = 1;
            if self.lane == Lease::Free {
                self.lane = Lease::Of {
                    worker: None,
                    ended: false,
                };
            }
        } else {
            self.lane = Lease::Free;
            self.fence();
        }
        for worker in &mut self.workers {
            // A call is over before the first reading back, or it is not made.
            if worker.phase == Phase::Intended {
                worker.phase = Phase::Overslept;
            }
        }
    }

    /// `target::update` by a person.
    pub fn update(&mut self, state: State) {
        self.row.state = state;
        self.fence();
    }
}
