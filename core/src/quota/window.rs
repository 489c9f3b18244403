//! Rolling windows: how many posts lie in one, and when there is a place.
//!
//! A post that went out at `t` counts in every window that ends in `t..t + length`: the window is open
//! at its beginning and closed at its end.

use chrono::{DateTime, TimeDelta, Utc};

/// How many of `times` (in order) lie in the window that ends at `end`.
pub fn used_until(times: &[DateTime<Utc>], end: DateTime<Utc>, length: TimeDelta) -> u32 {
    let before = times.partition_point(|time| *time <= end - length);
    let inside = times.partition_point(|time| *time <= end) - before;
    u32::try_from(inside).unwrap_or(u32::MAX)
}

/// The most of `times` (in order) in any window that holds `at`, which is one of them.
pub fn fullest(times: &[DateTime<Utc>], at: DateTime<Utc>, length: TimeDelta) -> u32 {
    times
        .iter()
        .skip_while(|end| **end < at)
        .take_while(|end| **end < at + length)
        .map(|end| used_until(times, *end, length))
        .max()
        .unwrap_or(0)
}

/// The earliest instant from `from` on at which one more post keeps every window within `posts`.
/// `times` are in order; none when nothing is ever taken.
pub fn next_free(
    times: &[DateTime<Utc>],
    from: DateTime<Utc>,
    posts: u32,
    length: TimeDelta,
) -> Option<DateTime<Utc>> {
    if posts == 0 {
        return None;
    }
    // A place gets free only when a post leaves the window.
    let leaving = times.iter().map(|time| *time + length);
    let candidates = std::iter::once(from).chain(leaving.filter(|time| *time > from));
    candidates.into_iter().find(|candidate| {
        let mut with = times.to_vec();
        with.insert(times.partition_point(|time| time <= candidate), *candidate);
        fullest(&with, *candidate, length) <= posts
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(of: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(of)
    }

    fn minutes(of: &[i64]) -> Vec<DateTime<Utc>> {
        of.iter().map(|of| minute(*of)).collect()
    }

    const QUARTER: TimeDelta = TimeDelta::minutes(15);

    #[test]
    fn a_post_leaves_exactly_after_the_length() {
        let times = minutes(&[0, 5, 10]);
        assert_eq!(used_until(&times, minute(10), QUARTER), 3);
        assert_eq!(used_until(&times, minute(14), QUARTER), 3);
        assert_eq!(used_until(&times, minute(15), QUARTER), 2);
    }

    #[test]
    fn a_post_also_fills_the_windows_that_end_after_it() {
        let times = minutes(&[0, 10, 14]);
        // The window that ends with the new post has two, the one that ends at 14 has three.
        assert_eq!(used_until(&times, minute(10), QUARTER), 2);
        assert_eq!(fullest(&times, minute(10), QUARTER), 3);
        assert_eq!(fullest(&minutes(&[0, 15, 30]), minute(15), QUARTER), 1);
        assert_eq!(fullest(&[], minute(0), QUARTER), 0);
    }

    #[test]
    fn the_next_place_is_where_no_window_gets_too_full() {
        let times = minutes(&[0, 5, 16, 18]);
        assert_eq!(next_free(&times, minute(6), 2, QUARTER), Some(minute(31)));
        assert_eq!(next_free(&times, minute(6), 3, QUARTER), Some(minute(20)));
        assert_eq!(next_free(&times, minute(6), 4, QUARTER), Some(minute(6)));
        assert_eq!(next_free(&[], minute(6), 1, QUARTER), Some(minute(6)));
        assert_eq!(next_free(&[], minute(6), 0, QUARTER), None);
    }
}
