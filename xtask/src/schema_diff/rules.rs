//! What a change of the schema means to clients that were written before it.

use std::collections::BTreeSet;

use async_graphql_parser::types::{BaseType, Type};
use chrono::NaiveDate;

use super::{
    deprecation::{NOTICE, removal},
    members::{Member, Members, Shape},
};

/// What a change means to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A request that worked may fail, or its answer no longer fits.
    Breaking,
    /// Requests work as before but may mean something else.
    Risky,
    /// Nobody has to do anything.
    Safe,
}

impl Severity {
    /// As the log of changes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "BREAKING",
            Self::Risky => "RISKY",
            Self::Safe => "SAFE",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What it means.
    pub severity: Severity,
    /// What changed.
    pub path: String,
    /// How, in words.
    pub text: String,
}

/// Compares two schemas, the worst first; `today` decides what may be removed.
pub fn compare(old: &Members, new: &Members, today: NaiveDate) -> Vec<Change> {
    let mut found = Found::default();
    let excused = excused(old, new, today);
    for (path, member) in old {
        match new.get(path) {
            Some(now) => found.changed(path, member, now),
            None => found.removed(path, member, old, new, &excused),
        }
    }
    for (path, member) in new {
        if !old.contains_key(path) {
            found.added(path, member, old);
        }
        found.deprecated(path, old.get(path), member, today);
    }
    found.0.sort();
    found.0
}

#[derive(Default)]
struct Found(Vec<Change>);

impl Found {
    fn tell(&mut self, severity: Severity, path: &str, text: impl Into<String>) {
        self.0.push(Change {
            severity,
            path: path.to_owned(),
            text: text.into(),
        });
    }

    fn removed(
        &mut self,
        path: &str,
        member: &Member,
        old: &Members,
        new: &Members,
        excused: &BTreeSet<&str>,
    ) {
        // What went with its owner is told once.
        let is_told = |owner: &String| old.contains_key(owner) && !new.contains_key(owner);
        if member.parent.as_ref().is_some_and(is_told) {
            return;
        }
        if excused.contains(path) {
            return self.tell(Severity::Safe, path, "removed after its deprecation");
        }
        let text = match member.deprecated.as_deref().map(removal) {
            Some(Some(day)) => format!("removed before {day}"),
            Some(None) => "removed, and its deprecation named no day".to_owned(),
            None => "removed without having been deprecated".to_owned(),
        };
        self.tell(Severity::Breaking, path, text);
    }

    fn added(&mut self, path: &str, member: &Member, old: &Members) {
        let Some(owner) = &member.parent else {
            return self.tell(Severity::Safe, path, "added");
        };
        if !old.contains_key(owner) {
            return;
        }
        if is_required(&member.shape) {
            self.tell(Severity::Breaking, path, "added, and requests must give it");
        } else {
            self.tell(Severity::Safe, path, "added");
        }
    }

    fn changed(&mut self, path: &str, old: &Member, new: &Member) {
        match (&old.shape, &new.shape) {
            (one, other) if one == other => {}
            (Shape::Output(from), Shape::Output(to)) => {
                let severity = if fits(from, to) {
                    Severity::Safe
                } else {
                    Severity::Breaking
                };
                self.tell(severity, path, format!("was {from}, is {to}"));
            }
            (Shape::Input(from, default), Shape::Input(to, new_default)) => {
                self.input(
                    path,
                    (from, default.as_deref()),
                    (to, new_default.as_deref()),
                );
            }
            (from, to) => {
                let text = format!("was {}, is {}", word(from), word(to));
                self.tell(Severity::Breaking, path, text);
            }
        }
    }

    fn input(&mut self, path: &str, old: (&Type, Option<&str>), new: (&Type, Option<&str>)) {
        let ((from, default), (to, new_default)) = (old, new);
        if from != to {
            // What clients send today must be taken tomorrow: the other direction of an answer. A default
            // fills what was left out.
            let with_default = |ty: &Type, default: Option<&str>| Type {
                base: ty.base.clone(),
                nullable: ty.nullable || default.is_some(),
            };
            let severity = if fits(&with_default(to, new_default), &with_default(from, default)) {
                Severity::Safe
            } else {
                Severity::Breaking
            };
            self.tell(severity, path, format!("was {from}, is {to}"));
        } else if !to.nullable && new_default.is_none() {
            self.tell(
                Severity::Breaking,
                path,
                "lost its default, so requests must give it",
            );
        } else {
            let shown = |default: Option<&str>| default.unwrap_or("nothing").to_owned();
            let text = format!(
                "the default was {}, is {}",
                shown(default),
                shown(new_default)
            );
            self.tell(Severity::Risky, path, text);
        }
    }

    fn deprecated(&mut self, path: &str, old: Option<&Member>, new: &Member, today: NaiveDate) {
        let before = old.and_then(|member| member.deprecated.as_deref());
        let Some(reason) = new.deprecated.as_deref() else {
            if before.is_some() {
                self.tell(Severity::Safe, path, "no longer deprecated");
            }
            return;
        };
        let Some(day) = removal(reason) else {
            let text =
                format!("its deprecation says '{reason}' instead of 'use X; removed YYYY-MM-DD'");
            return self.tell(Severity::Breaking, path, text);
        };
        if before == Some(reason) {
            return;
        }
        let earliest = match before.and_then(removal) {
            Some(promised) => promised,
            None => today.checked_add_months(NOTICE).unwrap_or(NaiveDate::MAX),
        };
        if day < earliest {
            let text = format!("deprecated until {day}; it must stay until {earliest} at least");
            return self.tell(Severity::Breaking, path, text);
        }
        self.tell(Severity::Safe, path, format!("deprecated: {reason}"));
    }
}

/// What may be gone: what was deprecated until today or earlier, and types that nothing else named.
fn excused<'a>(old: &'a Members, new: &Members, today: NaiveDate) -> BTreeSet<&'a str> {
    let is_due = |member: &Member| {
        let day = member.deprecated.as_deref().and_then(removal);
        day.is_some_and(|day| day <= today)
    };
    let gone = || old.iter().filter(|(path, _)| !new.contains_key(*path));
    let mut excused: BTreeSet<&str> = gone()
        .filter(|(_, member)| is_due(member))
        .map(|(path, _)| path.as_str())
        .collect();
    loop {
        let before = excused.len();
        for (path, member) in gone().filter(|(_, member)| matches!(member.shape, Shape::Type(_))) {
            let mut users = old
                .iter()
                .filter(|(_, user)| {
                    user.names() == Some(path) && user.parent.as_ref() != Some(path)
                })
                .peekable();
            let is_used = users.peek().is_some();
            if is_used && users.all(|(user, _)| is_within(user, old, &excused)) {
                excused.insert(path);
            }
            debug_assert!(member.parent.is_none(), "types belong to nothing");
        }
        if excused.len() == before {
            return excused;
        }
    }
}

/// Whether a member, or what it belongs to, is among the paths.
fn is_within(path: &str, members: &Members, paths: &BTreeSet<&str>) -> bool {
    paths.contains(path)
        || members
            .get(path)
            .and_then(|member| member.parent.as_deref())
            .is_some_and(|owner| is_within(owner, members, paths))
}

/// Whether whoever understands answers of the type `from` understands those of `to`.
fn fits(from: &Type, to: &Type) -> bool {
    let inner = match (&from.base, &to.base) {
        (BaseType::Named(from), BaseType::Named(to)) => from == to,
        (BaseType::List(from), BaseType::List(to)) => fits(from, to),
        _ => false,
    };
    inner && (from.nullable || !to.nullable)
}

fn is_required(shape: &Shape) -> bool {
    matches!(shape, Shape::Input(ty, None) if !ty.nullable)
}

fn word(shape: &Shape) -> String {
    match shape {
        Shape::Type(kind) => format!("a {kind}"),
        Shape::Output(_) => "a field of answers".to_owned(),
        Shape::Input(..) => "a field of inputs".to_owned(),
        Shape::Value => "a value of an enum".to_owned(),
        Shape::Membership(name) => name.clone(),
        Shape::Directive => "a directive".to_owned(),
        Shape::Location => "a place".to_owned(),
    }
}
