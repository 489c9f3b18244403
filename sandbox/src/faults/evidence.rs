//! What shows that the faults of a case really bit.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use serde_json::Value;

/// Words in the processes' logs, and what they show.
const SIGNS: [(&str, &str); 13] = [
    ("fenced off: somebody else has this target", "fenced writes"),
    (
        "no intent: the target is gone, or too little is left of its lease",
        "intents refused",
    ),
    ("was stopped for too long; ending it", WATCHDOG),
    ("took targets from workers", "takeovers"),
    (
        "cannot write an outcome down yet",
        "outcomes kept over an outage",
    ),
    ("\"cannot claim\"", "claims refused"),
    (
        "hints between processes are interrupted",
        "hints interrupted",
    ),
    ("the machine's clock leapt", "leaps seen"),
    (
        "the clock differs from the database's",
        "clock differences seen",
    ),
    ("\"message\":\"breaker\"", "breaker moves"),
    (
        "another database than at the last claim",
        "failovers noticed",
    ),
    ("a process gives no sign of life", CALLED_LOST),
    ("panicked at", PANICS),
];

/// The count that fails a case whatever else it shows.
pub const PANICS: &str = "panics";
/// Workers that ended themselves because they had been stopped.
pub const WATCHDOG: &str = "watchdog ends";
/// Rounds that were played again because others had the machine.
pub const REPLAYED: &str = "rounds played again";
/// Processes that others believed dead.
pub const CALLED_LOST: &str = "processes called lost";

/// Counts by name.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    counts: BTreeMap<String, u64>,
    /// What became of the targets at which workers ended or stopped themselves, by crash point.
    pub fates: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Rounds played so far.
    pub rounds: usize,
}

/// A worker ended or stopped itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The crash point.
    pub point: String,
    /// The target that had come there.
    pub target: String,
    /// It ended; otherwise it was stopped, and went on later.
    pub ended: bool,
}

/// With fewer rounds not everything that depends on luck can be asked for.
pub const ENOUGH: usize = 5;

impl Evidence {
    /// Adds to a count.
    pub fn add(&mut self, name: &str, count: u64) {
        if count > 0 {
            *self.counts.entry(name.to_owned()).or_default() += count;
        }
    }

    /// Keeps the highest value.
    pub fn peak(&mut self, name: &str, value: u64) {
        let known = self.counts.entry(name.to_owned()).or_default();
        *known = value.max(*known);
    }

    /// Adds what was seen elsewhere; peaks too are added.
    pub fn take_in(&mut self, other: &Self) {
        for (name, count) in &other.counts {
            self.add(name, *count);
        }
    }

    /// What was counted since an earlier moment.
    pub fn since(&self, before: &Self) -> Self {
        let mut new = Self::default();
        for (name, count) in &self.counts {
            new.add(name, count.saturating_sub(before.count(name)));
        }
        new
    }

    /// A count.
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    /// An error unless each of these was seen.
    pub fn needs(&self, names: &[&str]) -> Result<(), String> {
        match names.iter().find(|name| self.count(name) == 0) {
            Some(name) => Err(format!("no {name}: the fault never bit")),
            None => Ok(()),
        }
    }

    /// As [`Evidence::needs`], once enough rounds were played; before, one of them will do.
    pub fn needs_in_the_long_run(&self, names: &[&str]) -> Result<(), String> {
        if self.rounds < ENOUGH && names.iter().any(|name| self.count(name) > 0) {
            return Ok(());
        }
        self.needs(names)
    }

    /// All counts in words.
    pub fn shown(&self) -> String {
        let counts: Vec<_> = self
            .counts
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        counts.join(", ")
    }
}

/// Log files, read on from where they were read to.
pub struct Logs(Vec<(PathBuf, u64)>);

impl Logs {
    /// These files, from their beginning.
    pub fn of<'a>(paths: impl Iterator<Item = &'a Path>) -> Self {
        Self(paths.map(|path| (path.to_owned(), 0)).collect())
    }

    /// Counts the signs in what is new; the crashes there.
    pub fn read(&mut self, evidence: &mut Evidence) -> anyhow::Result<Vec<Crash>> {
        let mut crashes = Vec::new();
        for (path, from) in &mut self.0 {
            let Ok(mut file) = File::open(&*path) else {
                continue;
            };
            file.seek(SeekFrom::Start(*from))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            // A line that is being written is read the next time.
            let whole = bytes.iter().rposition(|byte| *byte == b'\n');
            bytes.truncate(whole.map_or(0, |last| last + 1));
            *from += bytes.len() as u64;
            let text = String::from_utf8_lossy(&bytes);
            for line in text.lines() {
                for (sign, name) in SIGNS {
                    evidence.add(name, u64::from(line.contains(sign)));
                }
                crashes.extend(crash(line));
            }
        }
        Ok(crashes)
    }
}

/// The crash that a line tells about.
fn crash(line: &str) -> Option<Crash> {
    if !line.contains("\"crash point\"") {
        return None;
    }
    let said: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| Some(said.get(name)?.as_str()?.to_owned());
    Some(Crash {
        point: text("point")?,
        target: text("target_id")?,
        ended: text("signal")? == "SIGKILL",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn signs_are_counted_once_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.log");
        let crashed = json!({
            "message": "crash point", "target_id": "tgt_1", "point": "after_call", "signal": "SIGKILL",
        });
        let text = format!("{{\"message\":\"breaker\"}}\nthread panicked at x\n{crashed}\n{{");
        std::fs::write(&path, text).unwrap();
        let mut logs = Logs::of([path.as_path()].into_iter());
        let mut evidence = Evidence::default();
        let crash = Crash {
            point: "after_call".into(),
            target: "tgt_1".into(),
            ended: true,
        };
        assert_eq!(logs.read(&mut evidence).unwrap(), [crash]);
        let before = evidence.clone();
        assert_eq!(logs.read(&mut evidence).unwrap(), []);
        assert_eq!(evidence.since(&before).shown(), "");
        evidence.add("kills", 2);
        assert_eq!(evidence.since(&before).shown(), "kills 2");
        let evidence = before;
        assert_eq!(evidence.shown(), "breaker moves 1, panics 1");
        assert_eq!(evidence.needs(&[PANICS]), Ok(()));
        assert_eq!(
            evidence.needs(&["kills"]),
            Err("no kills: the fault never bit".into())
        );
    }
}
