//! The public operations of `api/operations`, as examples on the pages of their fields.

use std::collections::HashMap;

use rust_embed::Embed;
use serde::Serialize;

#[derive(Embed)]
#[folder = "../../api/operations"]
#[include = "*.graphql"]
#[exclude = "fragments/*"]
struct Files;

/// An operation that exists ready-made.
#[derive(Clone, Debug, Serialize)]
pub struct Operation {
    /// Its name in the SDKs: `posts.create`.
    pub method: String,
    /// Its document without the fragments.
    pub document: String,
}

/// All operations by kind and root field.
pub struct Operations(HashMap<(String, String), Operation>);

impl Operations {
    /// Those that the binary carries.
    pub fn embedded() -> Self {
        Self(Files::iter().filter_map(|file| read(&file)).collect())
    }

    /// The operation on a root field.
    pub fn on(&self, kind: &str, field: &str) -> Option<&Operation> {
        self.0.get(&(kind.to_owned(), field.to_owned()))
    }
}

fn read(file: &str) -> Option<((String, String), Operation)> {
    let (kind, _) = file.split_once('/')?;
    let text = String::from_utf8(Files::get(file)?.data.into_owned()).ok()?;
    let (first, document) = text.split_once('\n')?;
    let method = first.strip_prefix("# client: ")?.trim().to_owned();
    // The root field stands alone on the first line that is indented once.
    let line = document.lines().find_map(|line| {
        line.strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '))
    })?;
    let end = line
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(line.len());
    let operation = Operation {
        method,
        document: document.to_owned(),
    };
    Some(((kind.to_owned(), line[..end].to_owned()), operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_found_by_its_field() {
        let all = Operations::embedded();
        let create = all.on("mutation", "postCreate").unwrap();
        assert_eq!(create.method, "posts.create");
        assert!(create.document.starts_with("mutation PostCreate("));
    }
}
