use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Result,
    ports::{Count, Tally},
};

/// Most keys remembered, so that inventing them does not fill the memory. Beyond that nothing new is counted.
const MOST: usize = 10_000;

/// The counts of one process, in memory.
#[derive(Debug, Default)]
pub struct LocalTally(Mutex<HashMap<String, (Count, DateTime<Utc>)>>);

impl LocalTally {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Count, DateTime<Utc>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Tally for LocalTally {
    async fn read(&self, key: &str, now: DateTime<Utc>) -> Result<Option<Count>> {
        let counts = self.lock();
        let known = counts.get(key).filter(|(_, until)| *until > now);
        Ok(known.map(|(count, _)| *count))
    }

    async fn add(&self, key: &str, kept: TimeDelta, now: DateTime<Utc>) -> Result<()> {
        let mut counts = self.lock();
        counts.retain(|_, (_, until)| *until > now);
        if counts.len() >= MOST && !counts.contains_key(key) {
            return Ok(());
        }
        let (count, until) = counts.entry(key.to_owned()).or_insert((
            Count {
                times: 0,
                last: now,
            },
            now,
        ));
        count.times = count.times.saturating_add(1);
        count.last = now;
        *until = now + kept;
        Ok(())
    }

    async fn clear(&self, key: &str) -> Result<()> {
        self.lock().remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[tokio::test]
    async fn a_count_is_forgotten_a_while_after_the_last() {
        let (tally, kept) = (LocalTally::default(), TimeDelta::seconds(10));
        tally.add("a", kept, at(0)).await.unwrap();
        tally.add("a", kept, at(9)).await.unwrap();
        let count = Count {
            times: 2,
            last: at(9),
        };
        assert_eq!(tally.read("a", at(18)).await.unwrap(), Some(count));
        assert_eq!(tally.read("a", at(19)).await.unwrap(), None);
        assert_eq!(tally.read("b", at(9)).await.unwrap(), None);
        tally.clear("a").await.unwrap();
        assert_eq!(tally.read("a", at(9)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_memory_is_bounded() {
        let (tally, kept) = (LocalTally::default(), TimeDelta::seconds(10));
        for number in 0..MOST {
            let count = Count {
                times: 1,
                last: at(0),
            };
            tally.lock().insert(number.to_string(), (count, at(10)));
        }
        tally.add("new", kept, at(1)).await.unwrap();
        assert_eq!(tally.read("new", at(1)).await.unwrap(), None);
        tally.add("new", kept, at(11)).await.unwrap();
        assert_eq!(tally.lock().len(), 1);
    }
}
