//! The public operations, `api/operations`: one operation per file, fragments of their own.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};

use super::{Files, read_folder};

const FOLDER: &str = "api/operations";

/// An operation together with the fragments it needs.
pub struct Operation {
    /// Its name, such as `PostCreate`.
    pub name: String,
    /// Where it stands in a client: `posts.create`.
    pub client: String,
    /// What a client sends.
    pub document: String,
}

/// All operations in the order of their names.
pub fn all() -> anyhow::Result<Vec<Operation>> {
    let fragments = fragments(&read_folder(&format!("{FOLDER}/fragments"))?)?;
    let mut all = Vec::new();
    for kind in ["query", "mutation", "subscription"] {
        for (file, text) in read_folder(&format!("{FOLDER}/{kind}"))? {
            let operation = read(kind, &text, &fragments);
            all.push(operation.with_context(|| format!("{file} cannot be used"))?);
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Texts of fragments by name.
fn fragments(files: &Files) -> anyhow::Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for (file, text) in files {
        let name = text.strip_prefix("fragment ").map(word);
        let name = name.with_context(|| format!("{file} does not begin with a fragment"))?;
        all.insert(name.to_owned(), text.clone());
    }
    Ok(all)
}

fn read(kind: &str, text: &str, fragments: &BTreeMap<String, String>) -> anyhow::Result<Operation> {
    let (client, rest) = text.split_once('\n').unwrap_or_default();
    let Some(client) = client.strip_prefix("# client: ") else {
        bail!("its first line is not `# client: noun.verb`");
    };
    let name = rest.strip_prefix(kind).map(|rest| word(rest.trim_start()));
    let name = name.with_context(|| format!("its second line does not begin a {kind}"))?;
    let mut document = rest.to_owned();
    for fragment in needed(rest, fragments)? {
        document.push_str(&fragments[&fragment]);
    }
    Ok(Operation {
        name: name.to_owned(),
        client: client.to_owned(),
        document,
    })
}

/// Names of the fragments that a text spreads, and those that they spread.
fn needed(text: &str, fragments: &BTreeMap<String, String>) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut open = vec![text];
    while let Some(text) = open.pop() {
        for name in spread(text) {
            let Some(fragment) = fragments.get(name) else {
                bail!("there is no fragment {name}");
            };
            if found.insert(name.to_owned()) {
                open.push(fragment);
            }
        }
    }
    Ok(found)
}

/// Each spread stands on a line of its own.
fn spread(text: &str) -> impl Iterator<Item = &str> {
    let spreads = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("..."));
    spreads.filter(|rest| !rest.starts_with(' ')).map(word)
}

/// The name at the beginning of a text.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_brings_its_fragments_and_theirs_once() {
        let files: Files = [
            ("a", "fragment A on T {\n  ...B\n}\n"),
            ("b", "fragment B on T {\n  id\n}\n"),
            ("c", "fragment C on T {\n  id\n}\n"),
        ]
        .map(|(file, text)| (file.to_owned(), text.to_owned()))
        .into();
        let fragments = fragments(&files).unwrap();
        let text = "# client: a.get\nquery Get {\n  a {\n    ...A\n    ...B\n    ... on T {\n      id\n    }\n  }\n}\n";
        let operation = read("query", text, &fragments).unwrap();
        assert_eq!(operation.name, "Get");
        assert_eq!(operation.client, "a.get");
        let (_, document) = text.split_once('\n').unwrap();
        assert_eq!(
            operation.document,
            format!("{document}{}{}", fragments["A"], fragments["B"])
        );
        let told = |text: &str| {
            read("query", text, &fragments)
                .err()
                .map(|error| error.to_string())
        };
        assert_eq!(
            told("query Get {\n  id\n}\n").unwrap(),
            "its first line is not `# client: noun.verb`"
        );
        assert_eq!(
            told("# client: a.get\nquery Get {\n  ...D\n}\n").unwrap(),
            "there is no fragment D"
        );
    }
}
