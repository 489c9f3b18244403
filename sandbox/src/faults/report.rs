//! The table of a run.

use std::{collections::BTreeMap, fmt::Write};

use posthaste_engine::publish::Point;

use super::{
    case::{Case, FATES, Outcome},
    check::Fault,
    evidence::Evidence,
};
use crate::bench::quantile;

/// What a case came to.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub id: String,
    pub what: String,
    pub runs: usize,
    pub targets: usize,
    pub published: usize,
    pub waiting: BTreeMap<String, usize>,
    pub faults: BTreeMap<Fault, usize>,
    pub lateness: Vec<f64>,
    pub evidence: Evidence,
    /// Why it failed.
    pub failures: Vec<String>,
}

impl Row {
    pub fn of(case: &dyn Case) -> Self {
        Self {
            id: case.id().to_owned(),
            what: case.what().to_owned(),
            ..Self::default()
        }
    }

    /// Adds a round.
    pub fn add(&mut self, outcome: &Outcome) {
        let verdict = &outcome.verdict;
        self.runs += 1;
        self.targets += verdict.targets;
        self.published += verdict.published;
        for (code, count) in &verdict.waiting {
            *self.waiting.entry(code.clone()).or_default() += count;
        }
        for finding in &verdict.findings {
            *self.faults.entry(finding.fault).or_default() += 1;
        }
        self.lateness.extend(&verdict.lateness);
    }

    fn cells(&self) -> Vec<String> {
        let mut late = self.lateness.clone();
        late.sort_by(f64::total_cmp);
        let fault = |fault: Fault| self.faults.get(&fault).copied().unwrap_or_default();
        let waiting: Vec<_> = self
            .waiting
            .iter()
            .map(|(code, count)| format!("{count} {code}"))
            .collect();
        let late = [0.5, 0.99, 1.0].map(|part| format!("{:.2}", quantile(&late, part)));
        vec![
            self.id.clone(),
            self.what.clone(),
            self.runs.to_string(),
            self.targets.to_string(),
            self.published.to_string(),
            if waiting.is_empty() {
                "0".into()
            } else {
                waiting.join(", ")
            },
            (fault(Fault::Lost) + fault(Fault::Unknown)).to_string(),
            fault(Fault::Twice).to_string(),
            (fault(Fault::Disorder) + fault(Fault::Early)).to_string(),
            late.join(" / "),
            self.evidence.shown(),
        ]
    }
}

const HEAD: [&str; 11] = [
    "Case",
    "What goes wrong",
    "Runs",
    "Targets",
    "Published",
    "Wait for a person",
    "Lost",
    "Twice",
    "Out of order or early",
    "Late p50 / p99 / max (s)",
    "Shown by",
];

/// What the table of crash points of a case begins with, behind its id.
pub const FATES_OF: &str =
    ": what became of the targets at which workers ended or stopped themselves.";

/// The rows as a Markdown table, and the tables of crash points.
pub fn table(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| line(row) + "\n");
    let fates = rows
        .iter()
        .filter_map(fates)
        .map(|text| format!("\n{text}"));
    [head()].into_iter().chain(lines).chain(fates).collect()
}

/// The first two lines of the table.
pub fn head() -> String {
    format!("| {} |\n|{}\n", HEAD.join(" | "), "---|".repeat(HEAD.len()))
}

/// A row as a line of the table.
pub fn line(row: &Row) -> String {
    format!("| {} |", row.cells().join(" | "))
}

/// What became of the targets at the crash points of a case that has them.
pub fn fates(row: &Row) -> Option<String> {
    let any = !row.evidence.fates.is_empty();
    any.then(|| format!("{}{FATES_OF}\n\n{}", row.id, points(&row.evidence)))
}

/// A row for each crash point, in the order they are passed.
fn points(evidence: &Evidence) -> String {
    let head = "---:|".repeat(FATES.len() + 1);
    let mut text = format!(
        "| Crash point | Times | {} |\n|---|{head}\n",
        FATES.join(" | ")
    );
    let names = Point::ALL.iter().map(|point| point.as_str());
    for (point, of_point) in names.filter_map(|name| Some((name, evidence.fates.get(name)?))) {
        let counts = FATES.map(|fate| of_point.get(fate).copied().unwrap_or_default());
        let times: u64 = counts.iter().sum();
        let counts = counts.map(|count| count.to_string()).join(" | ");
        let _ = writeln!(text, "| `{point}` | {times} | {counts} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_cell_for_each_heading() {
        let row = Row {
            id: "F1".into(),
            lateness: vec![0.5, 0.1],
            ..Row::default()
        };
        assert_eq!(row.cells().len(), HEAD.len());
        assert!(table(&[row]).contains("| 0.50 / 0.50 / 0.50 |"));
    }

    #[test]
    fn crash_points_have_a_table_of_what_became_of_their_targets() {
        let mut row = Row {
            id: "F2".into(),
            ..Row::default()
        };
        assert!(!table(&[row.clone()]).contains("Crash point"));
        let counts = [(FATES[2], 3), (FATES[4], 1)];
        row.evidence.fates = [("after_call".to_owned(), counts.into())].into();
        assert!(table(&[row]).contains("| `after_call` | 4 | 0 | 0 | 3 | 0 | 1 |"));
    }
}
