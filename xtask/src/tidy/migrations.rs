//! Every migration can be undone.

use std::collections::BTreeMap;

use super::tree::File;

/// Checks that each folder of `migrations/` holds both directions.
pub fn check(files: &[File]) -> Vec<String> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in files {
        let inside = file
            .path
            .strip_prefix("migrations/")
            .and_then(|rest| rest.split_once('/'));
        if let Some((folder, name)) = inside {
            folders.entry(folder).or_default().push(name);
        }
    }
    let mut breaches = Vec::new();
    for (folder, names) in folders {
        let missing = ["up.sql", "down.sql"]
            .into_iter()
            .filter(|wanted| !names.contains(wanted));
        breaches.extend(missing.map(|wanted| format!("migrations/{folder}: {wanted} is missing")));
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_wanted() {
        let paths = [
            "migrations/README.md",
            "migrations/1_a/up.sql",
            "migrations/1_a/down.sql",
            "migrations/2_b/up.sql",
        ];
        let files = paths.map(|path| File {
            path: path.to_owned(),
            text: String::new(),
        });
        assert_eq!(check(&files), ["migrations/2_b: down.sql is missing"]);
    }
}
