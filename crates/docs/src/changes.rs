//! How the schema changed for clients, and what will go. `cargo xtask gen` writes the list and sees to the
//! form of deprecations (xtask/src/schema_diff).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    layout::Content,
    schema::{Field, Schema},
    site::SiteError,
};

const LOG: &str = include_str!("../../../api/schema-changes.json");

/// A change of the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The day on which it came.
    pub date: NaiveDate,
    /// What changed: `Post`, `Post.text`, `Query.posts(first)`, `PostStatus.DRAFT`.
    pub path: String,
    /// What it means for clients.
    pub severity: Severity,
    /// How it changed.
    pub text: String,
}

/// What a change means for clients.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Requests work as before and mean the same.
    Safe,
    /// Requests work as before and may mean something else.
    Risky,
}

/// Something that will go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deprecation {
    /// What goes.
    pub path: String,
    /// The reason as the schema has it.
    pub reason: String,
    /// The day from which it may be gone.
    pub removal: Option<NaiveDate>,
}

#[derive(Deserialize)]
struct Day {
    date: NaiveDate,
    changes: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    severity: Severity,
    text: String,
}

/// Every change since the first schema, oldest first. A change's place in the list never changes.
pub fn changes() -> serde_json::Result<Vec<Change>> {
    read(LOG)
}

fn read(log: &str) -> serde_json::Result<Vec<Change>> {
    let days: Vec<Day> = serde_json::from_str(log)?;
    let of_day = |day: Day| {
        day.changes.into_iter().map(move |entry| Change {
            date: day.date,
            path: entry.path,
            severity: entry.severity,
            text: entry.text,
        })
    };
    Ok(days.into_iter().flat_map(of_day).collect())
}

/// Everything that a schema (SDL) marks as deprecated, the next to go first.
pub fn deprecations(sdl: &str) -> Result<Vec<Deprecation>, SiteError> {
    Ok(of_schema(&Schema::read(sdl)?))
}

fn of_schema(schema: &Schema) -> Vec<Deprecation> {
    let mut found = Vec::new();
    let mut note = |path: String, reason: Option<&String>| {
        found.extend(reason.map(|reason| Deprecation {
            path,
            reason: reason.clone(),
            removal: removal(reason),
        }));
    };
    for (owner, fields) in owners(schema) {
        for field in fields {
            let path = format!("{owner}.{}", field.name);
            for argument in &field.arguments {
                let path = format!("{path}({})", argument.name);
                note(path, argument.deprecated.as_ref());
            }
            note(path, field.deprecated.as_ref());
        }
    }
    for ty in schema.types.values() {
        for input in &ty.inputs {
            let path = format!("{}.{}", ty.name, input.name);
            note(path, input.deprecated.as_ref());
        }
        for value in &ty.values {
            let path = format!("{}.{}", ty.name, value.name);
            note(path, value.deprecated.as_ref());
        }
    }
    found.sort_by(|a, b| (a.removal, &a.path).cmp(&(b.removal, &b.path)));
    found
}

/// Types with fields, under the names that the list of changes has for them.
fn owners(schema: &Schema) -> impl Iterator<Item = (&str, &[Field])> {
    let roots = [
        ("query", "Query"),
        ("mutation", "Mutation"),
        ("subscription", "Subscription"),
    ];
    let roots = roots.map(|(kind, name)| (name, schema.roots[kind].as_slice()));
    let types = schema.types.values();
    roots
        .into_iter()
        .chain(types.map(|ty| (ty.name.as_str(), ty.fields.as_slice())))
}

fn removal(reason: &str) -> Option<NaiveDate> {
    reason.rsplit_once("; removed ")?.1.parse().ok()
}

/// The page: what will go, then the changes by day, the newest first.
pub fn page(schema: &Schema) -> Result<Content, SiteError> {
    let mut days: Vec<(NaiveDate, Vec<Change>)> = Vec::new();
    for change in changes()? {
        match days.last_mut().filter(|(date, _)| *date == change.date) {
            Some((_, changes)) => changes.push(change),
            None => days.push((change.date, vec![change])),
        }
    }
    days.reverse();
    let values = json!({ "deprecations": of_schema(schema), "days": days });
    Ok(Content::new("Changes of the API", "changes.html", values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_become_one_list_in_order() {
        let log = r#"[
            {"date": "2027-01-01", "changes": [{"path": "Post.a", "severity": "SAFE", "text": "added"}]},
            {"date": "2027-01-02", "changes": [{"path": "Post.b(c)", "severity": "RISKY", "text": "its default changed"}]}
        ]"#;
        let found = read(log).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[1],
            Change {
                date: day("2027-01-02"),
                path: "Post.b(c)".into(),
                severity: Severity::Risky,
                text: "its default changed".into(),
            }
        );
        assert!(!changes().unwrap().is_empty());
    }

    #[test]
    fn all_kinds_of_deprecations_are_found_the_next_to_go_first() {
        let sdl = "schema { query: Query }
            type Query { a(b: Int @deprecated(reason: \"use c; removed 2029-01-01\")): A }
            type A { old: Int @deprecated(reason: \"use new; removed 2028-01-01\") new: Int }
            input I { x: Int @deprecated(reason: \"use y; removed 2028-06-01\") y: Int }
            enum E { P @deprecated(reason: \"use Q; removed 2028-03-01\") Q }";
        let found = deprecations(sdl).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|one| (one.path.as_str(), one.removal.unwrap()))
            .collect();
        assert_eq!(
            shown,
            [
                ("A.old", day("2028-01-01")),
                ("E.P", day("2028-03-01")),
                ("I.x", day("2028-06-01")),
                ("Query.a(b)", day("2029-01-01")),
            ]
        );
        assert_eq!(found[0].reason, "use new; removed 2028-01-01");
    }
}
