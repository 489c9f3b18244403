use std::{fmt::Display, str::FromStr};

use async_graphql::ID;
use posthaste_core::Error;
use posthaste_engine::post::Violations;
use uuid::Uuid;

use crate::graphql::scalars;

/// Reads an input and collects what cannot be read, each with its path.
#[derive(Debug, Default)]
pub struct Reader {
    violations: Violations,
}

impl Reader {
    /// Reads an id.
    pub fn id<T: FromStr<Err = Error>>(&mut self, id: &ID, field: &str) -> Option<T> {
        let read = scalars::id(id, &[field]);
        self.take(read)
    }

    /// Reads an id; one that cannot be read becomes one that nothing has, so that the rest is looked
    /// at all the same.
    pub fn id_or_nil<T: FromStr<Err = Error> + From<Uuid>>(&mut self, id: &ID, field: &str) -> T {
        self.id(id, field).unwrap_or_else(|| Uuid::nil().into())
    }

    /// Reads a list of ids.
    pub fn ids<T: FromStr<Err = Error>>(&mut self, ids: &[ID], field: &str) -> Vec<T> {
        let one = |(index, id): (usize, &ID)| {
            self.within(&[&field], |reader| reader.id(id, &index.to_string()))
        };
        ids.iter().enumerate().filter_map(one).collect()
    }

    /// Takes what was read elsewhere.
    pub fn take<T>(&mut self, read: Result<T, Error>) -> Option<T> {
        read.map_err(|error| self.violations.push(error)).ok()
    }

    /// Reads a part whose paths begin with `parts`.
    pub fn within<T>(&mut self, parts: &[&dyn Display], read: impl FnOnce(&mut Self) -> T) -> T {
        let mut inner = Self::default();
        let value = read(&mut inner);
        let outer: Vec<String> = parts.iter().map(ToString::to_string).collect();
        self.violations.extend(
            inner
                .violations
                .into_iter()
                .map(|error| error.within(outer.clone())),
        );
        value
    }

    /// What could not be read.
    pub fn into_violations(self) -> Violations {
        self.violations
    }

    /// The whole, unless something could not be read.
    pub fn finish<T>(self, value: impl FnOnce() -> Option<T>) -> Result<T, Violations> {
        match value() {
            Some(value) if self.violations.is_empty() => Ok(value),
            _ => Err(self.violations),
        }
    }
}
