use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use posthaste_core::ids::WorkspaceId;
use posthaste_store::request_log::LoggedRequest;
use tokio::sync::Notify;

use super::hour;

/// Lines that wait at most, some 10 MB.
const WAITING: usize = 20_000;

/// Lines written at a time.
const BATCH: usize = 500;

/// Operations counted by name for each workspace and hour: clients choose the names, so there must be
/// an end to them.
const OPERATIONS: usize = 200;

/// The counter of operations beyond [`OPERATIONS`].
const OTHER: &str = "(other)";

/// Takes note of answered requests; cheap to clone and to call. Nothing ever waits for it.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Parts>);

#[derive(Default)]
struct Parts {
    queue: Mutex<Queue>,
    filled: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<LoggedRequest>,
    dropped: HashMap<WorkspaceId, i64>,
    names: Names,
}

/// What is written at a time.
pub(super) struct Batch {
    pub lines: Vec<LoggedRequest>,
    /// The operation as it is counted, for each line.
    pub operations: Vec<String>,
    pub dropped: Vec<(WorkspaceId, i64)>,
}

impl Recorder {
    /// Takes note of a request; when too many wait, it is only counted as dropped.
    pub fn record(&self, line: LoggedRequest) {
        let mut queue = self.queue();
        if queue.waiting.len() >= WAITING {
            *queue.dropped.entry(line.workspace_id).or_default() += 1;
            return;
        }
        queue.waiting.push_back(line);
        if queue.waiting.len() >= BATCH {
            self.0.filled.notify_one();
        }
    }

    /// Waits until there is enough to write.
    pub(super) async fn filled(&self) {
        self.0.filled.notified().await;
    }

    /// What is to be written next; nothing when all is.
    pub(super) fn take(&self) -> Option<Batch> {
        let mut queue = self.queue();
        if queue.waiting.is_empty() && queue.dropped.is_empty() {
            return None;
        }
        let count = queue.waiting.len().min(BATCH);
        let lines: Vec<_> = queue.waiting.drain(..count).collect();
        let operations = lines.iter().map(|line| queue.names.counted(line)).collect();
        Some(Batch {
            lines,
            operations,
            dropped: queue.dropped.drain().collect(),
        })
    }

    /// Puts back what could not be written.
    pub(super) fn give_back(&self, batch: Batch) {
        let mut queue = self.queue();
        for line in batch.lines.into_iter().rev() {
            queue.waiting.push_front(line);
        }
        for (workspace, count) in batch.dropped {
            *queue.dropped.entry(workspace).or_default() += count;
        }
    }

    /// Gives up what cannot be written.
    pub(super) fn drop_all(&self, batch: &Batch) {
        let mut queue = self.queue();
        for line in &batch.lines {
            *queue.dropped.entry(line.workspace_id).or_default() += 1;
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names of operations met in an hour.
#[derive(Default)]
struct Names {
    hour: DateTime<Utc>,
    met: HashMap<WorkspaceId, HashSet<String>>,
}

impl Names {
    fn counted(&mut self, line: &LoggedRequest) -> String {
        let hour = hour(line.at);
        if hour > self.hour {
            self.hour = hour;
            self.met.clear();
        }
        let met = self.met.entry(line.workspace_id).or_default();
        if met.contains(&line.operation) {
            return line.operation.clone();
        }
        if met.len() >= OPERATIONS {
            return OTHER.to_owned();
        }
        met.insert(line.operation.clone());
        line.operation.clone()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use posthaste_core::request::{RequestKind, Transport};
    use uuid::Uuid;

    use super::*;

    fn line(operation: &str, at: DateTime<Utc>) -> LoggedRequest {
        LoggedRequest {
            id: Uuid::nil().into(),
            workspace_id: Uuid::nil().into(),
            request_id: "r".into(),
            at,
            credential: "system".into(),
            transport: Transport::Http,
            kind: RequestKind::Query,
            operation: operation.into(),
            root_fields: Vec::new(),
            status: 200,
            error_code: None,
            duration_ms: 1,
            cost: None,
            address: None,
            user_agent: None,
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_what_waits_keeps_its_order() {
        let recorder = Recorder::default();
        for number in 0..WAITING + 3 {
            recorder.record(line(&number.to_string(), DateTime::UNIX_EPOCH));
        }
        let batch = recorder.take().unwrap();
        assert_eq!(batch.lines.len(), BATCH);
        assert_eq!(batch.dropped, [(Uuid::nil().into(), 3)]);
        recorder.give_back(batch);
        let again = recorder.take().unwrap();
        assert_eq!(again.lines[0].operation, "0");
        assert_eq!(again.dropped, [(Uuid::nil().into(), 3)]);
        recorder.drop_all(&again);
        let next = recorder.take().unwrap();
        assert_eq!(next.lines[0].operation, BATCH.to_string());
        assert_eq!(next.dropped, [(Uuid::nil().into(), BATCH as i64)]);
    }

    #[test]
    fn names_without_end_are_counted_together() {
        let mut names = Names::default();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for number in 0..OPERATIONS {
            let name = number.to_string();
            assert_eq!(names.counted(&line(&name, now)), name);
        }
        assert_eq!(names.counted(&line("one more", now)), OTHER);
        assert_eq!(names.counted(&line("7", now)), "7");
        let later = now + TimeDelta::hours(1);
        assert_eq!(names.counted(&line("one more", later)), "one more");
    }
}
