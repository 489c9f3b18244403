use std::{sync::Arc, time::Duration};

use posthaste_store::target::Target;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

use super::held::{Held, InWork};

/// Who waits for less keeps its seat.
const SHORT: Duration = Duration::from_secs(1);
/// So many targets for each seat may wait for their networks beside it; more would be unbounded memory.
const WAITING_PER_SEAT: usize = 8;

/// A worker's room: a seat for each target that is worked on at this moment, and a place outside for those
/// that only wait until their network has processed what it was given.
pub(super) struct Room {
    seats: Arc<Semaphore>,
    outside: Arc<Semaphore>,
    held: Arc<Held>,
}

/// A target's place in the room, until this is dropped.
pub(super) struct Seat {
    seats: Arc<Semaphore>,
    outside: Arc<Semaphore>,
    /// None while it waits outside.
    permit: Option<OwnedSemaphorePermit>,
    in_work: InWork,
}

impl Room {
    pub fn new(seats: usize, held: Arc<Held>) -> Self {
        Self {
            seats: Arc::new(Semaphore::new(seats)),
            outside: Arc::new(Semaphore::new(seats * WAITING_PER_SEAT)),
            held,
        }
    }

    /// All free seats, one at least: waits until there is one.
    pub async fn free(&self) -> Vec<OwnedSemaphorePermit> {
        let first = self.seats.clone().acquire_owned().await;
        let more = std::iter::from_fn(|| self.seats.clone().try_acquire_owned().ok());
        first.into_iter().chain(more).collect()
    }

    /// Begins with a claimed target.
    pub fn begin(&self, target: &Target, seat: OwnedSemaphorePermit) -> Seat {
        Seat {
            seats: self.seats.clone(),
            outside: self.outside.clone(),
            permit: Some(seat),
            in_work: self.held.begin(target),
        }
    }
}

impl Seat {
    /// Waits, and leaves the seat to others meanwhile.
    pub async fn wait(&mut self, time: Duration) {
        let place = (time >= SHORT).then(|| self.outside.clone().try_acquire_owned());
        let Some(Ok(_outside)) = place else {
            return sleep(time).await;
        };
        drop(self.permit.take());
        self.in_work.waits(true);
        sleep(time).await;
        self.permit = self.seats.clone().acquire_owned().await.ok();
        self.in_work.waits(false);
    }
}

#[cfg(test)]
mod tests {
    use posthaste_core::Network;

    use super::*;

    fn seat(room: &Room, seat: OwnedSemaphorePermit) -> Seat {
        Seat {
            seats: room.seats.clone(),
            outside: room.outside.clone(),
            permit: Some(seat),
            in_work: room.held.begin_as(1, Network::Instagram),
        }
    }

    #[tokio::test]
    async fn who_waits_for_its_network_leaves_the_seat_to_others() {
        let held = Arc::new(Held::default());
        let room = Room::new(1, held.clone());
        let mut first = seat(&room, room.free().await.remove(0));
        let full = || held.shares(&[Network::Instagram], 1, false).0.is_empty();
        assert!(full());
        let mut waiting = std::pin::pin!(first.wait(Duration::from_secs(30)));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert!(!full());
        assert_eq!(room.free().await.len(), 1);
    }

    #[tokio::test]
    async fn a_short_wait_keeps_the_seat() {
        let room = Room::new(1, Arc::default());
        let mut first = seat(&room, room.free().await.remove(0));
        let mut waiting = std::pin::pin!(first.wait(Duration::from_millis(200)));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert_eq!(room.seats.available_permits(), 0);
        waiting.await;
        assert_eq!(room.seats.available_permits(), 0);
    }
}
