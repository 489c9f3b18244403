//! Preflight: what will stand in the way of a publication, told as typed problems when it is scheduled,
//! shown on the target, looked at again a day and an hour ahead, and last before it goes out.
//!
//! A check is a function from what is known to problems. One that needs nothing but the row, its
//! connection and the post goes into [`case`]; one that asks the database goes into [`timed`] and asks
//! once for all targets. What the checks mean is decided in `posthaste_core::preflight`; places and
//! money are [`crate::governor`]'s.

mod ahead;
mod case;
mod publishing;
mod repeat;
mod show;
mod stamp;

use std::collections::HashMap;

use posthaste_core::{
    Error, ErrorCode, Result,
    ids::TargetId,
    post::{Problem, Severity},
};
use posthaste_store::{Conn, Scope, connection::Connection, target::Target};

pub use ahead::look_ahead;
pub(crate) use case::account;
pub(crate) use publishing::{Obstacle, Remedy, before_publishing};
pub use show::{Preflight, preflight};
pub(crate) use stamp::{restamp, stamp};

use crate::{
    App,
    governor::{self, Outlay},
};

/// A target and the connection it goes to.
pub(crate) type Pair<'a> = (&'a Target, &'a Connection);

/// What depends on the time of scheduled targets: the end of the access, repetitions, places, money. In the
/// order of the pairs, each with the target's place among those of its post. `exact`: nobody else decides
/// about the same places and money until the transaction ends.
pub(crate) async fn timed(
    app: &App,
    scope: &Scope,
    conn: &mut Conn,
    pairs: &[Pair<'_>],
    exact: bool,
) -> Result<(Vec<Vec<Problem>>, Outlay)> {
    let mut found: Vec<Vec<Problem>> = pairs
        .iter()
        .map(|pair| case::access(*pair).into_iter().collect())
        .collect();
    let repeats = repeat::repeats(app, scope, conn, pairs).await?;
    for (problems, repeat) in found.iter_mut().zip(repeats) {
        problems.extend(repeat);
    }
    let mut outlay = governor::outlay(app, scope.workspace, conn, pairs, exact).await?;
    for (index, problem) in outlay.problems.drain(..) {
        found[index].push(problem);
    }
    Ok((found, outlay))
}

/// What scheduling some targets of a post means: what forbids it, what a person should know, and what
/// it uses up. Their lines are locked; the rows may be written already or not yet.
#[derive(Default)]
pub(crate) struct Booked {
    pub violations: Vec<Error>,
    pub warnings: Vec<Problem>,
    pub outlay: Outlay,
    told: HashMap<TargetId, Vec<String>>,
}

impl Booked {
    /// The codes of the risks that are told about a target with this, so that none is told again as new.
    pub fn told(&mut self, id: TargetId) -> Vec<String> {
        self.told.remove(&id).unwrap_or_default()
    }
}

/// Judges rows that are about to be scheduled; those that are not use nothing. Of those that stand on the
/// schedule `before`, what a change leaves as it was forbids nothing. `exact` as in [`timed`].
pub(crate) async fn book(
    app: &App,
    scope: &Scope,
    conn: &mut Conn,
    pairs: &[Pair<'_>],
    before: &[Target],
    exact: bool,
) -> Result<Booked> {
    let (found, outlay) = timed(app, scope, conn, pairs, exact).await?;
    let mut booked = Booked {
        outlay,
        ..Booked::default()
    };
    for ((row, _), problems) in pairs.iter().zip(found) {
        booked.told.insert(row.id, ahead::risks(&problems));
        let standing = before.iter().find(|before| before.id == row.id);
        for problem in problems {
            if problem.is_error() && !standing.is_some_and(|before| stands(before, row, &problem)) {
                let error = Error::from(problem).about(row.connection_id);
                booked.violations.push(error);
            } else {
                booked.warnings.push(Problem {
                    severity: Severity::Warning,
                    ..problem
                });
            }
        }
    }
    Ok(booked)
}

/// Whether a change of what is scheduled leaves as it was what a problem is about: its place, its money,
/// its words.
fn stands(before: &Target, row: &Target, problem: &Problem) -> bool {
    match problem.code {
        ErrorCode::QuotaExceeded => before.kind == row.kind,
        ErrorCode::BudgetExceeded => row.price <= before.price,
        ErrorCode::PossibleDuplicate => before.words == row.words,
        _ => false,
    }
}

/// The place of a target in the input.
pub(crate) fn place(row: &Target) -> [String; 2] {
    ["targets".to_owned(), row.position.to_string()]
}
