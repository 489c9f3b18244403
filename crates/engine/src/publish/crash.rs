//! Crash points: a worker of a fault suite ends or stops itself at a chosen step of publishing, as if
//! by `kill -9` or `kill -STOP`. The suite runs the same program that is shipped; outside a sandbox
//! the configuration refuses every point.

use std::{
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use posthaste_core::{ids::TargetId, target::State};

macro_rules! points {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// A step between two writes of publishing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point {
            $($(#[$doc])* $variant,)*
        }

        impl Point {
            /// Every point, in the order they are passed.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in the configuration.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

points! {
    /// The claim is committed.
    AfterClaim = "after_claim";
    /// An invisible step is done and kept.
    AfterPrepareStep = "after_prepare_step";
    /// Everything is ready.
    BeforeIntent = "before_intent";
    /// The intent is committed, the call not begun.
    AfterIntent = "after_intent";
    /// The network answered that the post is live.
    AfterCall = "after_call";
    /// The outcome is written, not committed.
    BeforeCommit = "before_commit";
    /// The outcome is committed.
    AfterCommit = "after_commit";
    /// The claim of a reading back is committed.
    AfterReadingClaim = "after_reading_claim";
    /// What a reading back found is written, not committed.
    BeforeReadingCommit = "before_reading_commit";
    /// What a reading back found is committed.
    AfterReadingCommit = "after_reading_commit";
}

impl Point {
    /// The points before and after the commit of an outcome of this state.
    pub(super) fn around_commit(from: State) -> (Self, Self) {
        if from == State::Reconciling {
            (Self::BeforeReadingCommit, Self::AfterReadingCommit)
        } else {
            (Self::BeforeCommit, Self::AfterCommit)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    point: Point,
    signal: Signal,
    /// The how-manieth time, from 1.
    nth: u32,
}

/// Where this process ends or stops itself; by default nowhere. Written `POINT[:kill|:stop[:N]]`.
#[derive(Debug, Default)]
pub struct Crash {
    plan: Option<Plan>,
    reached: AtomicU32,
}

impl Crash {
    /// Says that a target reached a point. May not return.
    pub(super) fn reach(&self, point: Point, target: TargetId) {
        let Some(plan) = self.plan.filter(|plan| plan.point == point) else {
            return;
        };
        if self.reached.fetch_add(1, Ordering::Relaxed) + 1 != plan.nth {
            return;
        }
        tracing::warn!(target_id = %target, point = point.as_str(), signal = plan.signal.as_str(), "crash point");
        if let Err(error) = kill(Pid::this(), plan.signal) {
            tracing::error!(%error, "this process cannot signal itself");
        }
    }
}

impl FromStr for Crash {
    /// What is wrong, in words.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let point = Point::ALL.iter().find(|point| point.as_str() == name);
        let point = *point.ok_or_else(|| {
            let known: Vec<_> = Point::ALL.iter().map(|point| point.as_str()).collect();
            format!(
                "'{name}' is no crash point; known are: {}",
                known.join(", ")
            )
        })?;
        let signal = match parts.next() {
            None | Some("kill") => Signal::SIGKILL,
            Some("stop") => Signal::SIGSTOP,
            Some(other) => return Err(format!("'{other}' is neither kill nor stop")),
        };
        let nth = match parts.next() {
            None => 1,
            Some(text) => text
                .parse()
                .ok()
                .filter(|nth| *nth > 0)
                .ok_or_else(|| format!("'{text}' is no count from 1"))?,
        };
        if let Some(rest) = parts.next() {
            return Err(format!("'{rest}' is too much: POINT:kill:3"));
        }
        let plan = Plan { point, signal, nth };
        Ok(Self {
            plan: Some(plan),
            reached: AtomicU32::new(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_in_full_or_refused() {
        let plan = |text: &str| text.parse::<Crash>().map(|crash| crash.plan);
        let of = |point, signal, nth| Some(Plan { point, signal, nth });
        assert_eq!(
            plan("after_intent").unwrap(),
            of(Point::AfterIntent, Signal::SIGKILL, 1)
        );
        assert_eq!(
            plan("before_reading_commit:stop:3").unwrap(),
            of(Point::BeforeReadingCommit, Signal::SIGSTOP, 3)
        );
        let message = |text: &str| plan(text).unwrap_err();
        assert!(message("after_lunch").starts_with(
            "'after_lunch' is no crash point; known are: after_claim, after_prepare_step,"
        ));
        assert_eq!(message("after_call:nap"), "'nap' is neither kill nor stop");
        assert_eq!(message("after_call:stop:0"), "'0' is no count from 1");
        assert_eq!(
            message("after_call:stop:1:2"),
            "'2' is too much: POINT:kill:3"
        );
    }

    #[test]
    fn without_a_plan_nothing_happens() {
        let crash = Crash::default();
        for point in Point::ALL {
            crash.reach(*point, TargetId::from(uuid::Uuid::nil()));
        }
        assert_eq!(crash.reached.load(Ordering::Relaxed), 0);
    }
}
