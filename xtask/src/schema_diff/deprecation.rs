//! The form of a deprecation: `use X; removed 2028-01-01`.

use chrono::{Months, NaiveDate};

/// How long something stays after it was deprecated.
pub const NOTICE: Months = Months::new(12);

/// The day from which something may be removed; nothing when the reason has another form.
pub fn removal(reason: &str) -> Option<NaiveDate> {
    let (advice, day) = reason.rsplit_once("; removed ")?;
    let replacement = advice.strip_prefix("use ")?;
    let is_written_out = day.len() == "2028-01-01".len() && !replacement.trim().is_empty();
    day.parse().ok().filter(|_| is_written_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_what_to_use_and_the_day() {
        let day = NaiveDate::from_ymd_opt(2028, 1, 1);
        assert_eq!(removal("use Post.status; removed 2028-01-01"), day);
        for other in [
            "",
            "old",
            "use Post.status",
            "removed 2028-01-01",
            "use ; removed 2028-01-01",
            "use Post.status; removed 2028-13-01",
            "use Post.status; removed 2028-1-1",
            "use Post.status; removed soon",
        ] {
            assert_eq!(removal(other), None, "{other}");
        }
    }
}
