use chrono::{DateTime, Utc};
use posthaste_core::{
    Network,
    network::health::{Signs, Status, judge},
};
use posthaste_store::network_state::{NetworkState, Tries};

/// How a network does, seen from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// How it does.
    pub status: Status,
    /// Since when, if it is not operational; as far back as lately for what only tries tell.
    pub since: Option<DateTime<Utc>>,
    /// Tries of the workspace lately that the network was asked in.
    pub tries: i64,
    /// Those of them that it answered with errors or not at all.
    pub failures: i64,
    /// When the last of those began.
    pub failed_at: Option<DateTime<Utc>>,
}

impl Health {
    /// Of every network.
    pub(super) fn of_all(
        states: Vec<NetworkState>,
        tries: &[Tries],
        now: DateTime<Utc>,
    ) -> Vec<(Network, Self)> {
        let of_one = |state: NetworkState| {
            let lately = tries
                .iter()
                .find(|tries| tries.network() == Some(state.network));
            (state.network, Self::new(&state, lately, now))
        };
        states.into_iter().map(of_one).collect()
    }

    fn new(state: &NetworkState, lately: Option<&Tries>, now: DateTime<Utc>) -> Self {
        let is_closed = state.breaker == "CLOSED";
        let signs = Signs {
            // A breaker that an earlier version opened tells its last change only.
            down_since: state.down_since.or(state.updated_at).filter(|_| !is_closed),
            wait: state.updated_at.zip(state.blocked_until),
            tries: lately.map_or(0, |lately| lately.tries),
            failures: lately.map_or(0, |lately| lately.failures),
            failing_since: lately.and_then(|lately| lately.failing_since),
        };
        let (status, since) = judge(&signs, now);
        Self {
            status,
            since,
            tries: signs.tries,
            failures: signs.failures,
            failed_at: lately.and_then(|lately| lately.failed_at),
        }
    }
}
