//! Every way a target can go, walked through: two workers, a crash between any two steps, stalls,
//! lost answers of network and database, a database that loses its newest writes, late lists, every answer of a network, every act of a person.
//!
//! The decisions are the real ones (`verdict`, `obstacle`, `TargetAction`, `TRANSITIONS`); only what
//! PostgreSQL does (`world`) is modelled, and `conformance` holds that against PostgreSQL itself.
//!
//! Outside of it, assumed of every network: what is visible is on its list by the last reading; what it
//! says for certain (refused, never published) is true; a call ends within its time limit. Assumed of
//! a process: it is not stopped between the check of `LONGEST_STALL` and the socket for longer than
//! its lease ([`Switches::checks_stall`] shows what would happen).

mod conformance;
pub(super) mod rules;
mod search;
mod steps;
mod worker;
pub(super) mod world;

use std::collections::BTreeSet;

use posthaste_core::target::{State, TRANSITIONS};

use self::{
    search::{Counterexample, Graph, Kind},
    steps::{Model, REAL, Switches},
    world::World,
};

/// In the table, taken by nobody today.
const UNUSED: [(State, State); 4] = [
    (State::Scheduled, State::Held),
    (State::Scheduled, State::Failed),
    (State::Uncertain, State::Held),
    (State::Cancelled, State::Draft),
];

fn explore<const N: usize>(model: &Model) -> Result<Graph<World<N>>, Counterexample> {
    let beginnings = [World::new(false), World::new(true)];
    Graph::explore(
        &beginnings,
        N == 2,
        |world, next| model.steps(world, next),
        Model::broken,
    )
}

fn scheduled() -> World<2> {
    let mut world = World::new(false);
    world.schedule();
    world
}

/// A way to publish twice with something switched off, without anybody's doing unless `people` act.
fn twice(on: Switches, people: bool) -> Counterexample {
    let model = Model::new(on);
    let found = Graph::explore(
        &[scheduled()],
        false,
        |world, next| {
            model.steps(world, next);
            next.retain(|(step, _)| people || step.kind != Kind::Person);
        },
        Model::twice,
    );
    match found {
        Ok(graph) => panic!("nothing found in {} states", graph.states.len()),
        Err(found) => {
            println!("{found}");
            found
        }
    }
}

#[test]
fn nothing_goes_out_twice_is_lost_or_stuck_with_two_workers() {
    let model = Model::new(REAL);
    let graph = explore::<2>(&model).unwrap_or_else(|found| panic!("{found}"));
    println!("{} states, {} steps", graph.states.len(), graph.steps);

    let open = |world: &World<2>| !world.row.state.is_settled() && world.row.state != State::Draft;
    let by_itself = graph.stuck(
        open,
        |world| world.row.state.is_settled(),
        |kind| kind == Kind::System,
        "It stays open for ever without a person or a fault",
    );
    assert!(by_itself.is_none(), "{}", by_itself.unwrap());
    let with_people = graph.stuck(
        |_| true,
        |world| {
            use State::{Cancelled, DeletedRemote, Published};
            matches!(world.row.state, Published | Cancelled | DeletedRemote)
        },
        |kind| kind != Kind::Fault,
        "No person can end it",
    );
    assert!(with_people.is_none(), "{}", with_people.unwrap());

    let taken = model.taken.borrow();
    let taken: BTreeSet<_> = taken
        .keys()
        .map(|(from, to)| (from.as_str(), to.as_str()))
        .collect();
    let table: BTreeSet<_> = TRANSITIONS
        .iter()
        .map(|change| (change.from, change.to))
        .filter(|change| !UNUSED.contains(change))
        .map(|(from, to)| (from.as_str(), to.as_str()))
        .collect();
    assert_eq!(taken, table);
}

/// What needs three workers to go wrong, if anything.
#[test]
#[ignore = "takes a minute: cargo nextest run -p posthaste-engine --run-ignored all three_workers"]
fn nothing_goes_out_twice_with_three_workers() {
    let graph = explore::<3>(&Model::new(REAL)).unwrap_or_else(|found| panic!("{found}"));
    println!("{} states, {} steps", graph.states.len(), graph.steps);
}

#[test]
fn without_the_fence_a_zombie_publishes_twice() {
    let off = Switches {
        fence: false,
        ..REAL
    };
    let path = twice(off, false).path;
    assert!(path.iter().any(|step| step.kind == Kind::Fault));
}

#[test]
fn without_the_intent_a_crash_publishes_twice() {
    let off = Switches {
        intent: false,
        ..REAL
    };
    let path = twice(off, false).path;
    assert!(path.iter().any(|step| step.kind == Kind::Fault));
}

#[test]
fn without_reading_back_a_lost_answer_publishes_twice() {
    let off = Switches {
        readings: 0,
        ..REAL
    };
    let path = twice(off, false).path;
    assert!(
        path.iter()
            .any(|step| step.with == "live, the answer is lost")
    );
}

#[test]
fn one_reading_of_a_late_list_is_not_enough() {
    let off = Switches {
        readings: 1,
        ..REAL
    };
    let path = twice(off, false).path;
    assert!(
        path.iter()
            .any(|step| step.what == "does not find it on the list")
    );
}

/// The one known hole: docs/publishing.md, "What can still go wrong".
#[test]
fn a_process_stopped_between_its_last_check_and_the_socket_publishes_twice() {
    let off = Switches {
        checks_stall: false,
        ..REAL
    };
    let path = twice(off, false).path;
    assert!(
        path.iter()
            .any(|step| step.what == "the lease of the lane ends")
    );
}

#[test]
fn what_was_dropped_in_doubt_and_scheduled_again_publishes_twice() {
    let off = Switches {
        remembers_doubt: false,
        ..REAL
    };
    let path = twice(off, true).path;
    assert!(path.iter().any(|step| step.what == "cancels it"));
}

#[test]
fn a_failover_without_a_safe_start_publishes_twice() {
    let off = Switches {
        starts_safely: false,
        ..REAL
    };
    let path = twice(off, false).path;
    assert!(
        path.iter()
            .any(|step| step.what == "the database loses its newest writes")
    );
}

#[test]
fn a_heartbeat_that_keeps_what_nobody_works_on_is_stuck() {
    let model = Model::new(Switches {
        keeps_own_work_only: false,
        ..REAL
    });
    let graph = Graph::explore(
        &[scheduled()],
        true,
        |world, next| {
            model.steps(world, next);
            next.retain(|(step, _)| step.kind != Kind::Person);
        },
        Model::broken,
    )
    .unwrap_or_else(|found| panic!("{found}"));
    let stuck = graph
        .stuck(
            |world| world.row.state.is_in_flight(),
            |world| world.row.state.is_settled(),
            |kind| kind == Kind::System,
            "It stays open for ever without a person or a fault",
        )
        .unwrap();
    println!("{stuck}");
    assert!(
        stuck
            .path
            .iter()
            .any(|step| step.with == "the database's answer is lost")
    );
}

/// What the model leaves out is left out by the program too: less of the lease is never left at the
/// intent than a stall may take.
#[test]
fn the_lease_outlasts_a_stall_after_the_intent() {
    let timing = posthaste_core::target::Timing::default();
    let margin = timing.call.min(timing.lease / 2);
    assert!(margin > super::attempt::LONGEST_STALL);
}
