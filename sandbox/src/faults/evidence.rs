//! What shows that the faults of a case really bit.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Words in the processes' logs, and what they show.
const SIGNS: [(&str, &str); 12] = [
    ("fenced off: somebody else has this target", "fenced writes"),
    (
        "no intent: the target or its lease is gone",
        "intents refused",
    ),
    ("was stopped for too long; ending it", "watchdog ends"),
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
    ("panicked at", PANICS),
];

/// The count that fails a case whatever else it shows.
pub const PANICS: &str = "panics";

/// Counts by name.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    counts: BTreeMap<String, u64>,
    /// Rounds played so far.
    pub rounds: usize,
}

/// With fewer rounds not everything that depends on luck can be asked for.
const ENOUGH: usize = 5;

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

    /// Counts the signs in what is new.
    pub fn read(&mut self, evidence: &mut Evidence) -> anyhow::Result<()> {
        for (path, from) in &mut self.0 {
            let Ok(mut file) = File::open(&*path) else {
                continue;
            };
            file.seek(SeekFrom::Start(*from))?;
            let mut bytes = Vec::new();
            *from += file.read_to_end(&mut bytes)? as u64;
            let text = String::from_utf8_lossy(&bytes);
            for line in text.lines() {
                for (sign, name) in SIGNS {
                    evidence.add(name, u64::from(line.contains(sign)));
                }
                if let Some(point) = crash_point(line) {
                    evidence.add(&format!("at {point}"), 1);
                }
            }
        }
        Ok(())
    }
}

/// The point at which a worker ended or stopped itself.
fn crash_point(line: &str) -> Option<&str> {
    let (_, rest) = line
        .split_once("\"message\":\"crash point\"")?
        .1
        .split_once("\"point\":\"")?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_counted_once_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.log");
        std::fs::write(&path, "{\"message\":\"breaker\"}\nthread panicked at x\n").unwrap();
        let mut logs = Logs::of([path.as_path()].into_iter());
        let mut evidence = Evidence::default();
        logs.read(&mut evidence).unwrap();
        logs.read(&mut evidence).unwrap();
        assert_eq!(evidence.shown(), "breaker moves 1, panics 1");
        assert_eq!(evidence.needs(&[PANICS]), Ok(()));
        assert_eq!(
            evidence.needs(&["kills"]),
            Err("no kills: the fault never bit".into())
        );
    }
}
