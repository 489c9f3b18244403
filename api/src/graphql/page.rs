//! Lists after the Relay specification, in both directions.

use std::convert::Infallible;

use async_graphql::{
    Context, ObjectType, OutputType, SimpleObject,
    connection::{Connection, CursorType, Edge},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, Result};
use posthaste_store::{Page, PageRequest};
use uuid::Uuid;

/// Items of a page when nothing is said.
const DEFAULT: i32 = 25;

/// Most items of a page.
const MOST: i32 = 100;

/// A position in a list; opaque to clients.
#[derive(Clone, Debug)]
pub struct Cursor(String);

impl Cursor {
    /// The cursor of a key in a list.
    pub fn new<K: Key>(list: &str, key: &K) -> Self {
        Self(cursor(list, key))
    }
}

impl CursorType for Cursor {
    type Error = Infallible;

    fn decode_cursor(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }

    fn encode_cursor(&self) -> String {
        self.0.clone()
    }
}

/// A list's order as a value: what a cursor stands for.
pub trait Key: Sized {
    /// The key as text without a colon at its end.
    fn write(&self) -> String;
    /// The key behind a text.
    fn read(text: &str) -> Option<Self>;
}

impl Key for i64 {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number >= 0)
    }
}

impl Key for (DateTime<Utc>, Uuid) {
    fn write(&self) -> String {
        format!("{}:{}", self.0.timestamp_micros(), self.1.simple())
    }

    fn read(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once(':')?;
        Some((
            DateTime::from_timestamp_micros(micros.parse().ok()?)?,
            id.parse().ok()?,
        ))
    }
}

impl Key for (Option<DateTime<Utc>>, Uuid) {
    fn write(&self) -> String {
        match self.0 {
            Some(at) => (at, self.1).write(),
            None => format!("-:{}", self.1.simple()),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text.strip_prefix("-:") {
            Some(id) => Some((None, id.parse().ok()?)),
            None => <(DateTime<Utc>, Uuid)>::read(text).map(|(at, id)| (Some(at), id)),
        }
    }
}

/// The cursor of a key in a list; `list` names the list and its order, so that no other takes it.
pub fn cursor<K: Key>(list: &str, key: &K) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{list}:{}", key.write()))
}

/// The key behind a cursor; `INVALID_CURSOR` when it is not one of this list.
pub fn key<K: Key>(list: &str, cursor: &str, path: &str) -> Result<K> {
    BASE64_URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| K::read(text.strip_prefix(list)?.strip_prefix(':')?))
        .ok_or_else(|| {
            let message = "The cursor is not one of this list in this order.";
            Error::new(ErrorCode::InvalidCursor, message).at([path])
        })
}

/// The arguments of a list.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// How many from the start.
    pub first: Option<i32>,
    /// Only what follows this cursor.
    pub after: Option<String>,
    /// How many from the end.
    pub last: Option<i32>,
    /// Only what precedes this cursor.
    pub before: Option<String>,
}

impl Args {
    /// Checks the arguments and says what to ask the store for.
    pub fn request<K: Key>(&self, list: &str) -> Result<PageRequest<K>> {
        Ok(PageRequest {
            limit: i64::from(self.size()?),
            after: self
                .after
                .as_deref()
                .map(|after| key(list, after, "after"))
                .transpose()?,
            before: self
                .before
                .as_deref()
                .map(|before| key(list, before, "before"))
                .transpose()?,
            from_end: self.last.is_some(),
        })
    }

    fn size(&self) -> Result<i32> {
        let refuse = |message: &str, path: &str| {
            Err(Error::new(ErrorCode::InvalidPageSize, message).at([path]))
        };
        let (size, path) = match (self.first, self.last) {
            (Some(_), Some(_)) => return refuse("Give either first or last, not both.", "last"),
            (Some(size), None) => (size, "first"),
            (None, Some(size)) => (size, "last"),
            (None, None) => (DEFAULT, "first"),
        };
        if (1..=MOST).contains(&size) {
            return Ok(size);
        }
        refuse(&format!("{size} is not between 1 and {MOST}."), path)
    }
}

/// What a list costs: its items one by one. Sizes that will be refused cost nothing more.
pub fn cost(first: Option<i32>, last: Option<i32>, each: usize) -> usize {
    first.or(last).unwrap_or(DEFAULT).clamp(1, MOST) as usize * each.max(1)
}

/// What a list tells beyond its items.
#[derive(SimpleObject, Debug)]
pub struct Total {
    /// How many items the filter leaves altogether; counted only when asked for.
    pub total_count: Option<i64>,
}

/// A list with a total.
pub type List<T> = Connection<Cursor, T, Total>;

/// Whether the query asks for `totalCount`.
pub fn wants_total(ctx: &Context<'_>) -> bool {
    ctx.look_ahead().field("totalCount").exists()
}

/// Turns a page of rows into a list; `key` is a row's place, `node` its view.
pub fn list<R, K: Key, T: OutputType>(
    name: &str,
    page: Page<R>,
    total_count: Option<i64>,
    key: impl Fn(&R) -> K,
    node: impl Fn(R) -> T,
) -> List<T> {
    list_with(name, page, Total { total_count }, key, node)
}

/// As [`list`], telling more than a total.
pub fn list_with<R, K: Key, T: OutputType, M: ObjectType>(
    name: &str,
    page: Page<R>,
    more: M,
    key: impl Fn(&R) -> K,
    node: impl Fn(R) -> T,
) -> Connection<Cursor, T, M> {
    let mut list = Connection::with_additional_fields(page.has_previous, page.has_next, more);
    list.edges = page
        .rows
        .into_iter()
        .map(|row| Edge::new(Cursor::new(name, &key(&row)), node(row)))
        .collect();
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(first: Option<i32>, last: Option<i32>) -> Args {
        Args {
            first,
            last,
            ..Args::default()
        }
    }

    #[test]
    fn sizes_outside_one_to_a_hundred_and_both_ends_are_refused() {
        for (first, last) in [
            (Some(0), None),
            (Some(101), None),
            (None, Some(-1)),
            (Some(1), Some(1)),
        ] {
            assert_eq!(
                args(first, last).size().unwrap_err().code,
                ErrorCode::InvalidPageSize
            );
        }
        assert_eq!(args(None, None).size().unwrap(), 25);
        assert_eq!(args(None, Some(100)).size().unwrap(), 100);
    }

    #[test]
    fn cursors_come_back_in_their_own_list_only() {
        let id = Uuid::from_u128(7);
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap();
        for place in [(Some(at), id), (None, id)] {
            let text = cursor("posts.due", &place);
            assert_eq!(
                key::<(Option<DateTime<Utc>>, Uuid)>("posts.due", &text, "after").unwrap(),
                place
            );
            assert!(key::<(Option<DateTime<Utc>>, Uuid)>("posts.created", &text, "after").is_err());
        }
        for foreign in ["", "%%%", "cG9zdHM6eA", "MQ"] {
            let error = key::<i64>("events", foreign, "after").unwrap_err();
            assert_eq!(
                (error.code, error.path_text()),
                (ErrorCode::InvalidCursor, "after".to_owned())
            );
        }
        assert_eq!(
            key::<i64>("events", &cursor("events", &5_i64), "after").unwrap(),
            5
        );
    }
}
