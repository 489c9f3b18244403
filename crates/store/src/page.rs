use chrono::{DateTime, Utc};
use diesel::{
    BoxableExpression,
    dsl::sql,
    pg::Pg,
    sql_types::{Bool, Nullable, Timestamptz, Uuid as SqlUuid},
};
use uuid::Uuid;

/// Which part of a list, after the rules of Relay connections were checked.
#[derive(Clone, Debug)]
pub struct PageRequest<K> {
    /// How many rows, 1 to 100.
    pub limit: i64,
    /// Only rows after this key in the list's order.
    pub after: Option<K>,
    /// Only rows before this key in the list's order.
    pub before: Option<K>,
    /// Take the last rows instead of the first.
    pub from_end: bool,
}

impl<K> PageRequest<K> {
    /// The first rows of a list.
    pub fn first(limit: i64) -> Self {
        Self {
            limit,
            after: None,
            before: None,
            from_end: false,
        }
    }
}

/// Rows in the list's order, and whether there are more on either side.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Rows follow.
    pub has_next: bool,
    /// Rows precede.
    pub has_previous: bool,
}

/// A page whose query asked for one row more than wanted.
pub struct Slice;

impl Slice {
    /// Cuts the extra row off and puts the rows into the list's order.
    pub fn cut<T, K>(mut rows: Vec<T>, request: &PageRequest<K>) -> Page<T> {
        let more = rows.len() as i64 > request.limit;
        rows.truncate(request.limit as usize);
        if request.from_end {
            rows.reverse();
        }
        // The far side is known by the extra row; the near side has rows if a cursor cut them off.
        let (has_next, has_previous) = if request.from_end {
            (request.before.is_some(), more)
        } else {
            (more, request.after.is_some())
        };
        Page {
            rows,
            has_next,
            has_previous,
        }
    }
}

/// A list's order: by a time, where none is last, then by id.
pub struct TimeOrder {
    /// The table, whose `id` breaks ties.
    pub table: &'static str,
    /// SQL of the time.
    pub column: &'static str,
    /// Latest first.
    pub descending: bool,
}

type Place = (Option<DateTime<Utc>>, Uuid);
type Condition<T> = Box<dyn BoxableExpression<T, Pg, SqlType = Bool>>;

impl TimeOrder {
    /// What the cursors of a request leave.
    pub fn within<T: 'static>(&self, page: &PageRequest<Place>) -> Vec<Condition<T>> {
        let after = page.after.map(|place| self.beyond(place, self.descending));
        let before = page
            .before
            .map(|place| self.beyond(place, !self.descending));
        after.into_iter().chain(before).collect()
    }

    fn beyond<T: 'static>(&self, (at, id): Place, descending: bool) -> Condition<T> {
        let Self { table, column, .. } = self;
        let operator = if descending { "<" } else { ">" };
        Box::new(
            sql::<Bool>(&format!("({column}, {table}.id) {operator} (coalesce("))
                .bind::<Nullable<Timestamptz>, _>(at)
                .sql(", 'infinity'::timestamptz), ")
                .bind::<SqlUuid, _>(id)
                .sql(")"),
        )
    }

    /// The terms to sort by, the other way round for a page from the end.
    pub fn terms<K>(&self, page: &PageRequest<K>) -> String {
        let Self { table, column, .. } = self;
        let direction = if self.descending == page.from_end {
            "ASC"
        } else {
            "DESC"
        };
        format!("{column} {direction}, {table}.id {direction}")
    }
}
