mod line;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use posthaste_core::{Network, Result};
use posthaste_store::network_state;

use super::attempt::Health;
use crate::App;

pub(super) use line::of_line;

/// Calls older than this no longer count.
const WINDOW: Duration = Duration::from_mins(1);
/// Fewer calls than this say nothing.
const LEAST_CALLS: usize = 20;
/// One call is tried this often while the breaker is open.
const PROBE_EVERY: TimeDelta = TimeDelta::seconds(15);

/// A circuit breaker for each network: opens when half of at least twenty calls within a minute
/// fail, then lets one call through every 15 s. Its state is in the database, for all workers.
#[derive(Default)]
pub(super) struct Breakers(Mutex<HashMap<Network, VecDeque<(Instant, bool)>>>);

/// How many targets of each network may be claimed now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Allowance {
    /// As many as there is room for.
    pub open: Vec<Network>,
    /// One, to see whether the network is back.
    pub probe: Vec<Network>,
}

impl Breakers {
    /// What may be claimed now; takes the right to probe where it is time for one, `room` times at most.
    pub async fn allowance(&self, app: &App, room: usize) -> Result<Allowance> {
        let now = app.now();
        let mut conn = app.db.get().await?;
        let mut allowance = Allowance::default();
        for state in network_state::all(&mut conn).await? {
            let waits = state.blocked_until.is_some_and(|until| until > now);
            match state.breaker.as_str() {
                _ if waits => {}
                "CLOSED" => allowance.open.push(state.network),
                _ if allowance.probe.len() == room => {}
                _ => {
                    let next = now + app.timing.paced(PROBE_EVERY);
                    if network_state::take_probe(&mut conn, state.network, next, now).await? {
                        allowance.probe.push(state.network);
                    }
                }
            }
        }
        Ok(allowance)
    }

    /// Takes note of how a call went and moves the breaker if it must.
    pub async fn note(
        &self,
        app: &App,
        network: Network,
        health: Health,
        probing: bool,
    ) -> Result<()> {
        let now = app.now();
        let breaker = match (health, probing) {
            // It told nothing about the network: the next one due is the probe.
            (Health::Unasked, true) => {
                return network_state::give_probe_back(&mut *app.db.get().await?, network, now)
                    .await;
            }
            (Health::Unasked, false) => return Ok(()),
            (Health::Well, true) => Some(("CLOSED", None)),
            (Health::Ill, true) => Some(("OPEN", Some(now + app.timing.paced(PROBE_EVERY)))),
            (health, false) => self
                .tripped(network, health == Health::Ill)
                .then_some(("OPEN", Some(now + app.timing.paced(PROBE_EVERY)))),
        };
        let Some((state, until)) = breaker else {
            return Ok(());
        };
        tracing::warn!(network = network.as_str(), state, "breaker");
        if state == "CLOSED" {
            self.calls().remove(&network);
        }
        network_state::set_breaker(&mut *app.db.get().await?, network, state, until, now).await
    }

    fn tripped(&self, network: Network, ill: bool) -> bool {
        let mut all = self.calls();
        let calls = all.entry(network).or_default();
        let now = Instant::now();
        calls.push_back((now, ill));
        while calls.front().is_some_and(|(at, _)| now - *at > WINDOW) {
            calls.pop_front();
        }
        let failed = calls.iter().filter(|(_, ill)| *ill).count();
        let tripped = calls.len() >= LEAST_CALLS && failed * 2 >= calls.len();
        if tripped {
            calls.clear();
        }
        tripped
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<Network, VecDeque<(Instant, bool)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_trips_at_half_of_twenty() {
        let breakers = Breakers::default();
        let trips: Vec<bool> = (0..20)
            .map(|n| breakers.tripped(Network::X, n % 2 == 0))
            .collect();
        assert_eq!(trips.iter().position(|tripped| *tripped), Some(19));
        assert!((0..40).all(|n| !breakers.tripped(Network::Facebook, n % 3 == 0)));
    }
}
