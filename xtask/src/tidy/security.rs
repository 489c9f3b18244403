//! The tests that docs/security.md names are there.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::File;

const PAGE: &str = "docs/security.md";

/// Checks each test named in the last column of the page's table.
pub fn check(files: &[File]) -> Vec<String> {
    let Some(page) = files.iter().find(|file| file.path == PAGE) else {
        return Vec::new();
    };
    let tests = tests(files);
    let mut breaches = Vec::new();
    for (index, line) in page.text.lines().enumerate() {
        for name in named(line).filter(|name| !is_there(&tests, name)) {
            breaches.push(format!("{PAGE}:{}: no test is called {name}", index + 1));
        }
    }
    breaches
}

/// What stands in back quotes in the last cell of a row.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let row = line.trim_end().strip_suffix('|');
    let cell = row
        .filter(|row| row.starts_with('|'))
        .and_then(|row| row.rsplit('|').next());
    cell.unwrap_or_default().split('`').skip(1).step_by(2)
}

/// The names of all tests, each with the words of the paths it stands at.
fn tests(files: &[File]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut tests = BTreeMap::<_, BTreeSet<_>>::new();
    for file in files.iter().filter(|file| file.is("rs")) {
        let words = file.path.trim_end_matches(".rs").split('/');
        for name in tests_of(&file.text) {
            tests.entry(name).or_default().extend(words.clone());
        }
    }
    tests
}

/// The functions behind an attribute that makes tests.
fn tests_of(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().filter_map(move |line| {
        let line = line.trim_start();
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        }
        let line = line.strip_prefix("async ").unwrap_or(line);
        let name = line.strip_prefix("fn ")?.split(['(', '<']).next()?;
        std::mem::take(&mut is_test).then_some(name)
    })
}

/// Whether a test stands there. A path as `session::tests::name` must be that of its file, but for `tests`.
fn is_there(tests: &BTreeMap<&str, BTreeSet<&str>>, path: &str) -> bool {
    let mut modules: Vec<_> = path.split("::").collect();
    let Some(words) = modules.pop().and_then(|name| tests.get(name)) else {
        return false;
    };
    modules
        .iter()
        .all(|module| *module == "tests" || words.contains(module))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(row: &str) -> Vec<String> {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let code = "#[test]\nfn nothing_is_lost() {}\nfn helper() {}\n    #[tokio::test(flavor = \"x\")]\n    async fn doors_are_shut() {}\n";
        check(&[
            file("api/tests/it/session.rs", code),
            file(PAGE, &format!("# `title`\n{row}\n")),
        ])
    }

    #[test]
    fn every_test_that_is_named_is_there() {
        for good in [
            "| 1 | `how` | `session::nothing_is_lost`, `session::tests::doors_are_shut` |",
            "| 2 | how | none |",
            "Not in a row: `nothing`.",
        ] {
            assert_eq!(checked(good), Vec::<String>::new(), "{good}");
        }
        for bad in ["helper", "session::nothing", "person::nothing_is_lost"] {
            assert_eq!(
                checked(&format!("| 1 | how | `{bad}` |")),
                [format!("docs/security.md:2: no test is called {bad}")]
            );
        }
    }
}
