use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode, Result};

/// A time of day on a date, as a person reads it on the wall in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Date and time without an offset.
    pub at: NaiveDateTime,
    /// The IANA zone.
    pub zone: Tz,
}

/// How a local time that does not exist exactly once was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Shift {
    /// The clocks skip this time; it moved forward by the length of the gap (RFC 5545, 3.3.5).
    Gap,
    /// The clocks show this time twice; the first is meant (RFC 5545, 3.3.5).
    Overlap,
}

/// The instant of a local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The instant.
    pub instant: DateTime<Utc>,
    /// Set when the clocks change at that time.
    pub shift: Option<Shift>,
}

impl LocalTime {
    /// The instant this local time means under the zone rules known today.
    pub fn resolve(&self) -> Result<Resolved> {
        match self.zone.from_local_datetime(&self.at) {
            LocalResult::Single(time) => Ok(Resolved {
                instant: time.to_utc(),
                shift: None,
            }),
            LocalResult::Ambiguous(first, _) => Ok(Resolved {
                instant: first.to_utc(),
                shift: Some(Shift::Overlap),
            }),
            LocalResult::None => self.after_gap(),
        }
    }

    /// RFC 5545: a time in a gap is read with the offset before the gap.
    fn after_gap(&self) -> Result<Resolved> {
        // No zone has ever skipped more than one day (Samoa, 2011).
        for hours in 1..=25 {
            let before = self.at - TimeDelta::hours(hours);
            if let Some(time) = self.zone.from_local_datetime(&before).latest() {
                return Ok(Resolved {
                    instant: time.to_utc() + TimeDelta::hours(hours),
                    shift: Some(Shift::Gap),
                });
            }
        }
        Err(Error::new(
            ErrorCode::InvalidInput,
            format!("{} does not exist in {}.", self.at, self.zone),
        ))
    }
}

/// An instant, strictly as RFC 3339 has it: `2027-03-28T07:00:00Z`.
pub fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|instant| instant.to_utc())
}

/// Date and time on the wall, without an offset: `2027-03-28T09:00`, or with seconds.
pub fn parse_local(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// The zone of an IANA name.
pub fn parse_zone(name: &str) -> Result<Tz> {
    name.parse().map_err(|_| {
        let shown: String = name.chars().take(60).collect();
        Error::new(
            ErrorCode::InvalidTimeZone,
            format!("'{shown}' is not a time zone; one looks like Europe/Paris."),
        )
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resolve(at: &str, zone: &str) -> (String, Option<Shift>) {
        let local = LocalTime {
            at: at.parse().unwrap(),
            zone: parse_zone(zone).unwrap(),
        };
        let resolved = local.resolve().unwrap();
        (
            resolved
                .instant
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            resolved.shift,
        )
    }

    #[test]
    fn nine_in_paris_around_the_change_of_clocks() {
        let nine = |day: &str| resolve(&format!("{day}T09:00:00"), "Europe/Paris");
        assert_eq!(nine("2027-03-27"), ("2027-03-27T08:00:00Z".into(), None));
        assert_eq!(nine("2027-03-28"), ("2027-03-28T07:00:00Z".into(), None));
        assert_eq!(nine("2027-10-31"), ("2027-10-31T08:00:00Z".into(), None));
    }

    #[test]
    fn gaps_move_forward_and_overlaps_take_the_first() {
        assert_eq!(
            resolve("2027-03-28T02:30:00", "Europe/Paris"),
            ("2027-03-28T01:30:00Z".into(), Some(Shift::Gap))
        );
        assert_eq!(
            resolve("2027-10-31T02:30:00", "Europe/Paris"),
            ("2027-10-31T00:30:00Z".into(), Some(Shift::Overlap))
        );
        // Lord Howe changes by half an hour; Samoa skipped a whole day.
        assert_eq!(
            resolve("2026-10-04T02:15:00", "Australia/Lord_Howe").1,
            Some(Shift::Gap)
        );
        assert_eq!(
            resolve("2011-12-30T12:00:00", "Pacific/Apia"),
            ("2011-12-30T22:00:00Z".into(), Some(Shift::Gap))
        );
    }

    #[test]
    fn unknown_zones_are_refused() {
        for name in ["Mars/Olympus", "", "europe/paris\0", "CEST+2", "+02:00"] {
            assert_eq!(
                parse_zone(name).unwrap_err().code,
                ErrorCode::InvalidTimeZone
            );
        }
    }

    proptest! {
        /// Outside gaps the instant reads back as the same local time, in every zone.
        #[test]
        fn an_instant_reads_back_as_its_local_time(seconds in 0i64..4_000_000_000, zone in 0..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let at = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            let resolved = LocalTime { at, zone }.resolve().unwrap();
            let back = resolved.instant.with_timezone(&zone).naive_local();
            if resolved.shift == Some(Shift::Gap) {
                prop_assert!(back > at);
            } else {
                prop_assert_eq!(back, at);
            }
        }
    }
}
