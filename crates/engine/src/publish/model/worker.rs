//! What one worker does next, and what can befall it.

use posthaste_core::target::State;

use super::{
    rules::{self, Effect},
    search::{Kind, Step},
    steps::{Finding, Model},
    world::{Answer, Phase, World},
};

/// Readings after which what is visible is on the list: the assumption about every network.
const LIST_IS_COMPLETE_AT: i8 = 3;

/// The next steps of one worker.
pub struct Steps<'a, const N: usize> {
    pub model: &'a Model,
    pub world: &'a World<N>,
    pub by: usize,
    pub next: &'a mut Vec<(Step, World<N>)>,
}

impl<const N: usize> Steps<'_, N> {
    fn push(&mut self, kind: Kind, what: &'static str, with: &'static str, to: World<N>) {
        let step = Step {
            kind,
            worker: Some(self.by as u8),
            what,
            with,
        };
        self.next.push((step, to));
    }

    /// The step, and the same with the database's answer lost: the worker gives up, the lease ends.
    fn written(&mut self, what: &'static str, to: World<N>) {
        self.push(Kind::System, what, "", to);
        let mut unheard = to;
        self.idle(&mut unheard);
        self.push(Kind::Fault, what, "the database's answer is lost", unheard);
    }

    fn idle(&self, to: &mut World<N>) {
        to.workers[self.by].phase = Phase::Idle;
        to.workers[self.by].current = false;
    }

    fn at(&self, phase: Phase) -> World<N> {
        let mut to = *self.world;
        to.workers[self.by].phase = phase;
        to
    }

    /// What it does.
    pub fn worker(&mut self) {
        match self.world.workers[self.by].phase {
            Phase::Idle => self.claims(),
            Phase::Preparing if self.world.row.marked => self.doubts(),
            Phase::Preparing => self.prepares(),
            Phase::Doubting => {
                let effect = rules::after_doubt();
                self.settles("leaves it to a reading back", "", State::Sending, &effect);
            }
            Phase::Overslept if self.model.on.checks_stall => {
                let from = self.sending();
                self.settles(
                    "sends nothing after a stall",
                    "",
                    from,
                    &rules::after_stall(),
                );
            }
            Phase::Intended | Phase::Overslept => self.calls(),
            Phase::Answered(answer) => self.settles_answer(answer),
            Phase::Reading => self.reads(),
            Phase::Missed { proved } => {
                let finding = if proved {
                    Finding::Absent
                } else {
                    Finding::Missed
                };
                self.settles_reading("writes down that it is not there", finding);
            }
        }
    }

    fn claims(&mut self) {
        let mut to = self.at(Phase::Preparing);
        if to.claim(self.by) {
            self.model.note(State::Scheduled, &mut to, Kind::System);
            self.written("claims it", to);
        }
        let mut to = self.at(Phase::Reading);
        if to.claim_read_backs(self.by) {
            self.model.note(State::Uncertain, &mut to, Kind::System);
            self.written("takes it to read back", to);
        }
    }

    fn prepares(&mut self) {
        for (name, effect) in self.model.before_sending(self.world.row) {
            self.settles("does not send", name, State::Claimed, &effect);
        }
        let mut to = self.at(Phase::Intended);
        if !self.model.on.intent {
            self.push(Kind::System, "goes on without an intent", "", to);
        } else if to.commit_intent(self.by) {
            self.model.note(State::Claimed, &mut to, Kind::System);
            self.written("commits its intent", to);
        } else if !self.model.on.fence && self.world.row.state == State::Claimed {
            to.row.state = State::Sending;
            self.push(Kind::System, "commits its intent, unfenced", "", to);
        } else {
            let mut to = *self.world;
            self.idle(&mut to);
            self.push(Kind::System, "is fenced off before the intent", "", to);
        }
    }

    fn doubts(&mut self) {
        let mut to = self.at(Phase::Doubting);
        if to.commit_doubt(self.by) {
            self.model.note(State::Claimed, &mut to, Kind::System);
            self.written("commits an intent and sends nothing", to);
        }
        let mut to = *self.world;
        self.idle(&mut to);
        self.push(Kind::System, "is fenced off before the intent", "", to);
    }

    /// Where the row stands while this worker calls.
    fn sending(&self) -> State {
        if self.model.on.intent {
            State::Sending
        } else {
            State::Claimed
        }
    }

    fn calls(&mut self) {
        const ACCEPTED: [(&str, Answer); 2] = [
            ("live, answered", Answer::Published),
            ("live, the answer is lost", Answer::Unknown),
        ];
        const REFUSED: [(&str, Answer); 7] = [
            ("not live, no answer", Answer::Unknown),
            ("could not connect", Answer::Retry),
            ("rate limit", Answer::RateLimited),
            ("the token is refused", Answer::Reauthorize),
            ("a permission is missing", Answer::Permission),
            ("refused for good", Answer::Rejected),
            ("refused as a duplicate", Answer::Duplicate),
        ];
        for (name, answer) in ACCEPTED {
            let mut to = self.at(Phase::Answered(answer));
            to.wall.visible = (to.wall.visible + 1).min(2);
            to.wall.lag = LIST_IS_COMPLETE_AT - 1;
            self.push(Kind::System, "calls", name, to);
        }
        for (name, answer) in REFUSED {
            let to = self.at(Phase::Answered(answer));
            self.push(Kind::System, "calls", name, to);
        }
    }

    fn settles_answer(&mut self, answer: Answer) {
        let from = self.sending();
        let effect = self.model.after_answer(self.world.row, answer, false);
        self.settles("writes the answer down", "", from, &effect);
        if answer == Answer::Reauthorize {
            let effect = self.model.after_answer(self.world.row, answer, true);
            self.settles("refreshes the token", "", from, &effect);
            let effect = rules::without_token();
            self.settles("has no fresh token for now", "", from, &effect);
        }
    }

    fn reads(&mut self) {
        for (name, effect) in self.model.without_reading(self.world.row) {
            self.settles("cannot read back", name, State::Reconciling, &effect);
        }
        let visible = self.world.wall.visible > 0;
        if visible {
            self.settles_reading("finds it on the list", Finding::Found);
        }
        if !visible || self.world.wall.lag > 0 {
            let to = self.at(Phase::Missed { proved: false });
            self.push(Kind::System, "does not find it on the list", "", to);
        }
        if !visible {
            let to = self.at(Phase::Missed { proved: true });
            self.push(Kind::System, "is told that it was never published", "", to);
        }
    }

    fn settles_reading(&mut self, what: &'static str, finding: Finding) {
        let effect = self.model.after_reading(self.world.row, finding);
        self.settles(what, "", State::Reconciling, &effect);
    }

    /// `settle::apply`: repeated until the database answers, so that a lost answer changes nothing.
    fn settles(&mut self, what: &'static str, with: &'static str, from: State, effect: &Effect) {
        let mut to = *self.world;
        if self.model.advance(&mut to, Some(self.by), from, effect) {
            to.release(self.by);
            self.idle(&mut to);
            self.push(Kind::System, what, with, to);
        } else {
            self.idle(&mut to);
            self.push(Kind::System, what, "fenced off", to);
        }
    }

    /// What befalls it.
    pub fn faults(&mut self) {
        if self.world.workers[self.by].phase != Phase::Idle {
            let mut to = *self.world;
            self.idle(&mut to);
            self.push(Kind::Fault, "loses the database", "and gives up", to);
        }
        let mut to = *self.world;
        to.crash(self.by);
        if to != *self.world {
            self.push(Kind::Fault, "crashes", "", to);
        }
    }
}
