//! Counting: checks of our own and the test runner's summary.

use std::fmt;

/// How many checks and tests passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Passed.
    pub passed: u64,
    /// Failed, timed out or could not run.
    pub failed: u64,
    /// Not run on purpose.
    pub skipped: u64,
}

impl Totals {
    /// One check.
    pub fn of(passed: bool) -> Self {
        Self {
            passed: passed.into(),
            failed: (!passed).into(),
            skipped: 0,
        }
    }

    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Reads nextest's last line: `Summary [ 2.6s] 21 tests run: 20 passed (1 slow), 1 timed out, 3 skipped`.
    pub fn from_nextest(output: &str) -> Option<Self> {
        let line = output
            .lines()
            .rev()
            .map(plain)
            .find(|line| line.trim_start().starts_with("Summary ["))?;
        let (run, counts) = line.split_once(" run: ")?;
        let mut totals = Self::default();
        for count in without_brackets(counts).split(',') {
            let (number, kind) = count.trim().split_once(' ')?;
            let number: u64 = number.parse().ok()?;
            match kind.trim() {
                "passed" => totals.passed += number,
                "skipped" => totals.skipped += number,
                _ => totals.failed += number,
            }
        }
        totals.skipped += never_started(run);
        Some(totals)
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// A run that was cut short says `5/10 tests run`.
fn never_started(run: &str) -> u64 {
    let share = run.split_whitespace().find_map(|word| word.split_once('/'));
    let parsed =
        share.and_then(|(done, all)| Some((done.parse::<u64>().ok()?, all.parse::<u64>().ok()?)));
    parsed.map_or(0, |(done, all)| all.saturating_sub(done))
}

/// `20 passed (1 slow, 2 leaky)` counts the slow ones twice: drop the remark.
fn without_brackets(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

/// Drops terminal colours (`ESC [ … m`).
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, text)| text);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(passed: u64, failed: u64, skipped: u64) -> Totals {
        Totals {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn a_clean_summary() {
        let text = "────\n     Summary [   2.694s] 21 tests run: 21 passed, 0 skipped\n";
        assert_eq!(Totals::from_nextest(text), Some(counted(21, 0, 0)));
    }

    #[test]
    fn every_kind_of_failure_counts_and_remarks_do_not() {
        let text = "     Summary [ 1.0s] 9 tests run: 5 passed (1 slow, 2 leaky), 2 failed (1 due to being leaky), 1 exec failed, 1 timed out, 4 skipped";
        assert_eq!(Totals::from_nextest(text), Some(counted(5, 4, 4)));
    }

    #[test]
    fn tests_that_never_started_are_skipped() {
        let text =
            "Summary [ 1.0s] 5/10 tests run: 4 passed, 1 failed, 2 skipped\nerror: test run failed";
        assert_eq!(Totals::from_nextest(text), Some(counted(4, 1, 7)));
    }

    #[test]
    fn colours_do_not_matter() {
        let text = "\u{1b}[32;1m     Summary\u{1b}[0m [ 1.0s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped";
        assert_eq!(Totals::from_nextest(text), Some(counted(1, 0, 0)));
    }

    #[test]
    fn no_summary_is_no_total() {
        assert_eq!(Totals::from_nextest("error: could not compile"), None);
    }

    #[test]
    fn totals_read_as_one_line() {
        let mut totals = Totals::of(true);
        totals.add(Totals::of(false));
        totals.add(Totals {
            passed: 0,
            failed: 0,
            skipped: 3,
        });
        assert_eq!(totals.to_string(), "1 passed, 1 failed, 3 skipped");
    }
}
