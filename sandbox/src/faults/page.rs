//! The page with the results of the last run of each case: a run replaces the rows of the cases it played, so that
//! a long suite can be played in parts.

use std::path::Path;

use anyhow::Context;

use super::report::{self, Row};

/// Where the results stand in a page that holds more.
const BEGIN: &str = "<!-- begin: cargo xtask faults -->";
const END: &str = "<!-- end: cargo xtask faults -->";

/// Writes the rows of a run into a page. `how` says how they were played; `order` names all cases.
pub fn write(path: &Path, how: &str, rows: &[Row], order: &[&str]) -> anyhow::Result<()> {
    let old = std::fs::read_to_string(path).unwrap_or_default();
    std::fs::write(path, placed(&old, how, rows, order))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn placed(old: &str, how: &str, rows: &[Row], order: &[&str]) -> String {
    let parts = old.split_once(BEGIN).and_then(|(before, rest)| {
        let (results, after) = rest.split_once(END)?;
        Some((before, results, after))
    });
    let (before, results, after) = parts.unwrap_or(("# Reliability\n\n", "", "\n"));
    let mut results = Results::read(results);
    results.put(how, rows);
    format!("{before}{BEGIN}\n{}{END}{after}", results.shown(order))
}

/// Lines by the case they tell of.
type ByCase = Vec<(String, String)>;

#[derive(Debug, Default)]
struct Results {
    /// Which cases were played how, the last run last.
    runs: Vec<(Vec<String>, String)>,
    rows: ByCase,
    /// What became of targets at crash points.
    fates: ByCase,
}

impl Results {
    fn read(text: &str) -> Self {
        let mut results = Self::default();
        for line in text.lines() {
            if let Some((ids, how)) = run(line) {
                results.runs.push((ids, how));
            } else if let Some(id) = fates_of(line) {
                results.fates.push((id, format!("{line}\n")));
            } else if let Some((_, block)) = results.fates.last_mut() {
                block.push_str(line);
                block.push('\n');
            } else if let Some(id) = row_of(line) {
                results.rows.push((id, line.to_owned()));
            }
        }
        results
    }

    fn put(&mut self, how: &str, rows: &[Row]) {
        let ids: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
        for (earlier, _) in &mut self.runs {
            earlier.retain(|id| !ids.contains(id));
        }
        self.runs.retain(|(ids, _)| !ids.is_empty());
        self.rows.retain(|(id, _)| !ids.contains(id));
        self.fates.retain(|(id, _)| !ids.contains(id));
        self.runs.push((ids, how.to_owned()));
        for row in rows {
            self.rows.push((row.id.clone(), report::line(row)));
            let fates = report::fates(row);
            self.fates
                .extend(fates.map(|fates| (row.id.clone(), fates)));
        }
    }

    fn shown(mut self, order: &[&str]) -> String {
        let place = |id: &str| order.iter().position(|known| *known == id);
        self.rows.sort_by_key(|(id, _)| place(id));
        self.fates.sort_by_key(|(id, _)| place(id));
        let runs = self
            .runs
            .iter()
            .map(|(ids, how)| format!("- {}: {how}\n", ids.join(", ")));
        let rows = self.rows.iter().map(|(_, line)| format!("{line}\n"));
        let fates = self
            .fates
            .iter()
            .map(|(_, block)| format!("\n{}\n", block.trim_end()));
        let head = format!("\n{}", report::head());
        runs.chain([head]).chain(rows).chain(fates).collect()
    }
}

/// `- F1, F2: how`.
fn run(line: &str) -> Option<(Vec<String>, String)> {
    let (ids, how) = line.strip_prefix("- ")?.split_once(": ")?;
    Some((ids.split(", ").map(str::to_owned).collect(), how.to_owned()))
}

/// `| F1 | …`.
fn row_of(line: &str) -> Option<String> {
    let (id, _) = line.strip_prefix("| ")?.split_once(" | ")?;
    let is_case = id.len() > 1 && id.ends_with(|last: char| last.is_ascii_digit() || last == 'N');
    is_case.then(|| id.to_owned())
}

/// `F2: what became of …`.
fn fates_of(line: &str) -> Option<String> {
    let (id, _) = line.split_once(report::FATES_OF)?;
    Some(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: [&str; 3] = ["F1", "F2", "F7N"];

    fn row(id: &str, runs: usize) -> Row {
        Row {
            id: id.into(),
            what: "something".into(),
            runs,
            lateness: vec![0.5],
            ..Row::default()
        }
    }

    #[test]
    fn a_run_replaces_the_rows_of_its_cases_and_leaves_the_others() {
        let old = format!("# Page\n\nBefore.\n{BEGIN}\nold\n{END}\nAfter.\n");
        let mut crashed = row("F2", 1);
        crashed.evidence.fates = [("after_call".to_owned(), [("found live", 3)].into())].into();
        let first = placed(&old, "early.", &[row("F7N", 1), crashed], &ORDER);
        assert!(first.starts_with("# Page\n\nBefore.\n"), "{first}");
        assert!(first.ends_with("<!-- end: cargo xtask faults -->\nAfter.\n"));
        assert!(!first.contains("old\n"));

        let second = placed(&first, "late.", &[row("F1", 9), row("F7N", 9)], &ORDER);
        let starts: Vec<_> = second
            .lines()
            .filter(|line| line.starts_with("- ") || line.contains("something"))
            .map(|line| line.split(" | 0").next().unwrap())
            .collect();
        assert_eq!(
            starts,
            [
                "- F2: early.",
                "- F1, F7N: late.",
                "| F1 | something | 9",
                "| F2 | something | 1",
                "| F7N | something | 9",
            ]
        );
        assert!(second.contains("| `after_call` | 3 |"), "{second}");
        let again = placed(&second, "late.", &[row("F1", 9), row("F7N", 9)], &ORDER);
        assert_eq!(again, second);
        assert_eq!(
            placed("", "new.", &[], &ORDER).lines().next(),
            Some("# Reliability")
        );
    }
}
