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
