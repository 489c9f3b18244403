use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Result,
    post::Problem,
    schedule::{LocalTime, Shift, parse_zone},
};

/// How far ahead something may be scheduled.
pub(crate) const HORIZON: TimeDelta = TimeDelta::days(5 * 366);
/// A time that passed while the request was on its way still counts as now.
const GRACE: TimeDelta = TimeDelta::seconds(60);

/// When to publish, as a person says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At once.
    Now,
    /// At an instant.
    At(DateTime<Utc>),
    /// At a time on the wall in a zone.
    Local {
        /// Date and time without an offset.
        at: NaiveDateTime,
        /// IANA name.
        zone: String,
    },
}

/// A chosen time, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The instant.
    pub instant: DateTime<Utc>,
    /// What the person chose, when it was a local time.
    pub local: Option<(NaiveDateTime, String)>,
    /// Something the person should know about it.
    pub note: Option<String>,
}

impl When {
    /// The one way that is given; `INVALID_INPUT` unless it is exactly one. A local time without a
    /// zone is in `default_zone`.
    pub fn one_of(
        at: Option<DateTime<Utc>>,
        local: Option<NaiveDateTime>,
        zone: Option<String>,
        now: bool,
        default_zone: &str,
    ) -> Result<Self> {
        match (at, local, now, zone) {
            (Some(at), None, false, None) => Ok(Self::At(at)),
            (None, Some(at), false, zone) => Ok(Self::Local {
                at,
                zone: zone.unwrap_or_else(|| default_zone.to_owned()),
            }),
            (None, None, true, None) => Ok(Self::Now),
            _ => Err(Error::new(
                ErrorCode::InvalidInput,
                "Give exactly one of at, localTime (with timeZone) and now: true.",
            )
            .at(["schedule"])),
        }
    }

    /// The instant; refuses the past, the far future and zones that do not exist.
    pub fn resolve(&self, now: DateTime<Utc>) -> Result<Chosen> {
        let chosen = match self {
            Self::Now => Chosen {
                instant: now,
                local: None,
                note: None,
            },
            Self::At(instant) => Chosen {
                instant: *instant,
                local: None,
                note: None,
            },
            Self::Local { at, zone } => local(*at, zone)?,
        };
        let field = if matches!(self, Self::Local { .. }) {
            "localTime"
        } else {
            "at"
        };
        if chosen.instant < now - GRACE {
            return Err(Error::new(
                ErrorCode::TimeInPast,
                format!(
                    "{} has passed; it is {} now.",
                    text(chosen.instant),
                    text(now)
                ),
            )
            .at([field]));
        }
        if chosen.instant > now + HORIZON {
            return Err(Error::new(
                ErrorCode::TimeTooFar,
                format!("{} is more than five years away.", text(chosen.instant)),
            )
            .at([field]));
        }
        Ok(chosen)
    }
}

impl Chosen {
    /// The note as a warning on the field it concerns.
    pub fn warning(&self) -> Option<Problem> {
        let note = self.note.clone()?;
        Some(Problem::warning(
            ErrorCode::InvalidInput,
            note,
            ["schedule", "localTime"],
        ))
    }
}

fn local(at: NaiveDateTime, zone: &str) -> Result<Chosen> {
    let local = LocalTime {
        at,
        zone: parse_zone(zone).map_err(|error| error.at(["timeZone"]))?,
    };
    let resolved = local.resolve().map_err(|error| error.at(["localTime"]))?;
    let note = resolved.shift.map(|shift| match shift {
        Shift::Gap => format!(
            "The clocks in {zone} skip {at}; it goes out at {} instead.",
            text(resolved.instant)
        ),
        Shift::Overlap => format!(
            "The clocks in {zone} show {at} twice; the first is meant, {}.",
            text(resolved.instant)
        ),
    });
    Ok(Chosen {
        instant: resolved.instant,
        local: Some((at, zone.to_owned())),
        note,
    })
}

fn text(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2027-03-01T12:00:00Z".parse().unwrap()
    }

    fn paris(at: &str) -> Result<Chosen> {
        When::Local {
            at: at.parse().unwrap(),
            zone: "Europe/Paris".into(),
        }
        .resolve(now())
    }

    #[test]
    fn nine_in_paris_on_the_sunday_the_clocks_change() {
        assert_eq!(
            text(paris("2027-03-28T09:00:00").unwrap().instant),
            "2027-03-28T07:00:00Z"
        );
    }

    #[test]
    fn a_skipped_time_is_told() {
        let chosen = paris("2027-03-28T02:30:00").unwrap();
        assert_eq!(text(chosen.instant), "2027-03-28T01:30:00Z");
        assert!(chosen.warning().unwrap().message.contains("skip"));
    }

    #[test]
    fn past_far_and_unknown_are_refused_with_their_field() {
        let refusal = |when: When| {
            let error = when.resolve(now()).unwrap_err();
            (error.code, error.path_text())
        };
        assert_eq!(
            refusal(When::At(now() - TimeDelta::minutes(5))),
            (ErrorCode::TimeInPast, "at".into())
        );
        assert_eq!(
            refusal(When::At(now() + TimeDelta::days(3000))),
            (ErrorCode::TimeTooFar, "at".into())
        );
        let nowhere = When::Local {
            at: now().naive_utc(),
            zone: "Mars/Base".into(),
        };
        assert_eq!(
            refusal(nowhere),
            (ErrorCode::InvalidTimeZone, "timeZone".into())
        );
        assert!(
            When::At(now() - TimeDelta::seconds(5))
                .resolve(now())
                .is_ok()
        );
    }
}
