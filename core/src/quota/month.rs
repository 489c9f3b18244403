use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};

use crate::{
    Result,
    schedule::{LocalTime, parse_zone},
};

/// A calendar month in a zone: money is counted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Its first instant.
    pub from: DateTime<Utc>,
    /// The first instant of the next one.
    pub to: DateTime<Utc>,
}

impl Month {
    /// The month that holds an instant; `INVALID_TIME_ZONE` when the zone is none.
    pub fn of(at: DateTime<Utc>, zone: &str) -> Result<Self> {
        let zone = parse_zone(zone)?;
        let day = at.with_timezone(&zone).date_naive();
        let first = day.with_day(1).unwrap_or(day);
        let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
        let begin = |day: NaiveDate| {
            let at = day.and_time(NaiveTime::MIN);
            Ok::<_, crate::Error>(LocalTime { at, zone }.resolve()?.instant)
        };
        Ok(Self {
            from: begin(first)?,
            to: begin(next)?,
        })
    }

    /// Whether an instant lies in it.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        at >= self.from && at < self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_at_midnight_of_its_zone() {
        let month = |at: &str, zone: &str| {
            let month = Month::of(at.parse().unwrap(), zone).unwrap();
            (month.from.to_rfc3339(), month.to.to_rfc3339())
        };
        assert_eq!(
            month("2027-03-31T21:59:59Z", "Europe/Paris"),
            (
                "2027-02-28T23:00:00+00:00".to_owned(),
                "2027-03-31T22:00:00+00:00".to_owned()
            )
        );
        assert_eq!(
            month("2027-03-31T22:00:00Z", "Europe/Paris").0,
            "2027-03-31T22:00:00+00:00"
        );
        assert_eq!(
            month("2026-12-31T23:30:00Z", "UTC"),
            (
                "2026-12-01T00:00:00+00:00".to_owned(),
                "2027-01-01T00:00:00+00:00".to_owned()
            )
        );
        assert!(Month::of(DateTime::UNIX_EPOCH, "Nowhere/Here").is_err());
    }
}
