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

/// What this worker works on at this moment. The heartbeat keeps only the leases of these: what was
/// broken off, or claimed by a commit whose answer was lost, must run out and be taken over.
#[derive(Default)]
pub(super) struct Held(Mutex<HashMap<Lease, Place>>);

/// A target and its token: what was lost may come back to the same worker.
type Lease = (TargetId, i64);

/// Where a target in work belongs.
struct Place {
    connection: ConnectionId,
    network: Network,
    is_reading: bool,
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
        };
        let lease = (target.id, target.token);
        self.all().insert(lease, place);
        InWork {
            held: self.clone(),
            lease,
        }
    }

    /// The targets in work, with their connections.
    pub fn now(&self) -> Vec<(TargetId, ConnectionId)> {
        let all = self.all();
        all.iter()
            .map(|((id, _), place)| (*id, place.connection))
            .collect()
    }

    /// Which of these networks may take targets now, and how many in one go: a slow network gets three
    /// quarters of the room at most, so that the others never wait for it.
    pub fn shares(&self, open: &[Network], room: usize) -> (Vec<Network>, usize) {
        let most = (room * 3 / 4).max(1);
        let all = self.all();
        let free = |network: &Network| {
            let ours = |place: &&Place| place.network == *network && !place.is_reading;
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.held.all().remove(&self.lease);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn with(work: &[(Network, usize)]) -> Held {
        let held = Held::default();
        let mut number = 0;
        for (network, count) in work {
            for _ in 0..*count {
                number += 1;
                let place = Place {
                    connection: Uuid::from_u128(number).into(),
                    network: *network,
                    is_reading: false,
                };
                held.all()
                    .insert((Uuid::from_u128(number).into(), 1), place);
            }
        }
        held
    }

    #[test]
    fn a_slow_network_leaves_a_quarter_of_the_room() {
        let open = [Network::Facebook, Network::X];
        let shares = |work: &[(Network, usize)]| with(work).shares(&open, 32);
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
        assert_eq!(Held::default().shares(&open, 1), (open.to_vec(), 1));
    }
}
