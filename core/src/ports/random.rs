use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

/// The one source of chance: ids, secrets, jitter.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random bytes; the real adapter's are fit for secrets.
    fn fill(&self, bytes: &mut [u8]);

    /// A number in `0.0..1.0`, for jitter.
    fn unit(&self) -> f64 {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }

    /// A wait × 0.8–1.2, so that many do not come back at once.
    fn around(&self, wait: TimeDelta) -> TimeDelta {
        let factor = 0.8 + 0.4 * self.unit();
        TimeDelta::milliseconds((wait.num_milliseconds() as f64 * factor) as i64)
    }
}

/// Repeatable bytes from a seed, for tests and seeded data; never for secrets.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    counter: Mutex<u64>,
}

impl SeededRandom {
    /// A source whose bytes depend on nothing but `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            counter: Mutex::new(0),
        }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(32) {
            *counter += 1;
            let block = Sha256::new()
                .chain_update(self.seed.to_le_bytes())
                .chain_update(counter.to_le_bytes())
                .finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}
