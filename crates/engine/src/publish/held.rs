use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use posthaste_core::{
    Network,
    ids::{ConnectionId, TargetId},
    target::State,
};
use posthaste_store::target::Target;
use tokio::sync::Notify;

/// What this worker works on at this moment. The heartbeat keeps only the leases of these: what was
/// broken off, or claimed by a commit whose answer was lost, must run out and be taken over.
#[derive(Default)]
pub(super) struct Held {
    all: Mutex<HashMap<Lease, Place>>,
    fewer: Notify,
}

/// A target and its token: what was lost may come back to the same worker.
type Lease = (TargetId, i64);

/// Where a target in work belongs.
struct Place {
    connection: ConnectionId,
    network: Network,
    is_reading: bool,
    /// It takes no room: its network is busy with it.
    waits: bool,
}

/// In work until this is dropped.
pub(super) struct InWork {
    held: Arc<Held>,
    lease: Lease,
}

impl Held {
    /// Takes a claimed target into work.
    pub fn begin(self: &Arc<Self>, target: &Target) -> InWork {
        let place = Place {
            connection: target.connection_id,
            network: target.network,
            is_reading: target.state == State::Reconciling,
            waits: false,
        };
        self.add((target.id, target.token), place)
    }

    fn add(self: &Arc<Self>, lease: Lease, place: Place) -> InWork {
        self.all().insert(lease, place);
        InWork {
            held: self.clone(),
            lease,
        }
    }

    /// Waits until something goes, or only waits for its network.
    pub async fn fewer(&self) {
        self.fewer.notified().await;
    }

    /// The targets in work, with their connections.
    pub fn now(&self) -> Vec<(TargetId, ConnectionId)> {
        let all = self.all();
        all.iter()
            .map(|((id, _), place)| (*id, place.connection))
            .collect()
    }

    /// Which of these networks may take targets now, or `readings`, and how many in one go: a slow network
    /// gets three quarters of the room at most, so that the others never wait for it.
    pub fn shares(&self, open: &[Network], room: usize, readings: bool) -> (Vec<Network>, usize) {
        let most = (room * 3 / 4).max(1);
        let all = self.all();
        let free = |network: &Network| {
            let ours = |place: &&Place| {
                place.network == *network && place.is_reading == readings && !place.waits
            };
            most.saturating_sub(all.values().filter(ours).count())
        };
        // Who has little left waits for more, so that a claim is worth its while.
        let worth = (most / 4).max(1);
        let open = open
            .iter()
            .copied()
            .map(|network| (network, free(&network)));
        let with_room: Vec<_> = open.filter(|(_, free)| *free >= worth).collect();
        let limit = with_room.iter().map(|(_, free)| *free).min().unwrap_or(0);
        (
            with_room.into_iter().map(|(network, _)| network).collect(),
            limit,
        )
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Lease, Place>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InWork {
    /// It begins or ends to wait for its network; the lease is kept.
    pub fn waits(&self, waits: bool) {
        if let Some(place) = self.held.all().get_mut(&self.lease) {
            place.waits = waits;
        }
        if waits {
            self.held.fewer.notify_one();
        }
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.held.all().remove(&self.lease);
        self.held.fewer.notify_one();
    }
}

#[cfg(test)]
impl Held {
    /// Takes a made-up target into work.
    pub fn begin_as(self: &Arc<Self>, number: u128, network: Network) -> InWork {
        let id = uuid::Uuid::from_u128(number);
        let place = Place {
            connection: id.into(),
            network,
            is_reading: false,
            waits: false,
        };
        self.add((id.into(), 1), place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(held: &Arc<Held>, work: &[(Network, usize)]) -> Vec<InWork> {
        let each = work
            .iter()
            .flat_map(|(network, count)| vec![*network; *count]);
        each.enumerate()
            .map(|(number, network)| held.begin_as(number as u128, network))
            .collect()
    }

    #[test]
    fn a_slow_network_leaves_a_quarter_of_the_room() {
        let open = [Network::Facebook, Network::X];
        let shares = |work: &[(Network, usize)]| {
            let held = Arc::default();
            let _work = with(&held, work);
            held.shares(&open, 32, false)
        };
        assert_eq!(shares(&[]), (open.to_vec(), 24));
        assert_eq!(shares(&[(Network::Facebook, 18)]), (open.to_vec(), 6));
        for slow in [19, 24] {
            assert_eq!(
                shares(&[(Network::Facebook, slow), (Network::X, 4)]),
                (vec![Network::X], 20)
            );
        }
        let full = [(Network::Facebook, 24), (Network::X, 24)];
        assert_eq!(shares(&full), (Vec::new(), 0));
        // A worker that does one thing at a time does that.
        assert_eq!(Held::default().shares(&open, 1, false), (open.to_vec(), 1));
    }

    #[test]
    fn what_waits_for_its_network_or_is_only_read_takes_no_room() {
        let held = Arc::default();
        let work = with(&held, &[(Network::Facebook, 24)]);
        assert!(held.shares(&[Network::Facebook], 32, false).0.is_empty());
        assert_eq!(held.shares(&[Network::Facebook], 8, true).1, 6);
        for one in &work[..10] {
            one.waits(true);
        }
        assert_eq!(held.shares(&[Network::Facebook], 32, false).1, 10);
        work[0].waits(false);
        assert_eq!(held.shares(&[Network::Facebook], 32, false).1, 9);
    }
}
