//! Times as people type them.

use chrono::{DateTime, NaiveDateTime, Utc};
use posthaste_sdk::types::ScheduleInput;

use super::outcome::{Failure, Outcome};

/// How instants are shown.
pub const SECONDS: &str = "%Y-%m-%d %H:%M:%S UTC";

/// When something is to happen.
#[derive(Debug, clap::Args)]
pub struct When {
    /// When: "2026-12-24 09:00" as the clock on the wall shows it, or an instant with its offset such
    /// as 2026-12-24T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The zone of the wall, such as Europe/Paris; the workspace's when left out.
    #[arg(long, value_name = "ZONE", requires = "at")]
    pub tz: Option<String>,
}

impl When {
    /// The schedule, if a time was given.
    pub fn schedule(&self) -> Outcome<Option<ScheduleInput>> {
        let Some(text) = &self.at else {
            return Ok(None);
        };
        if let Some(instant) = instant(text) {
            if self.tz.is_some() {
                return Err(Failure::usage(
                    "--tz makes no sense with an instant: leave the offset or the zone out",
                ));
            }
            return Ok(Some(ScheduleInput::new().at(instant)));
        }
        let Some(local) = local(text) else {
            let message = format!(
                "'{text}' is not a time; one looks like \"2026-12-24 09:00\" or 2026-12-24T08:00:00Z"
            );
            return Err(Failure::Usage(message));
        };
        let schedule =
            ScheduleInput::new().local_time(local.format("%Y-%m-%dT%H:%M:%S").to_string());
        Ok(Some(match &self.tz {
            Some(zone) => schedule.time_zone(zone),
            None => schedule,
        }))
    }
}

/// An instant with its offset.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.to_utc())
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let forms = [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S",
    ];
    forms
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(at: &str, tz: Option<&str>) -> Outcome<String> {
        let when = When {
            at: Some(at.to_owned()),
            tz: tz.map(str::to_owned),
        };
        let schedule = when.schedule()?.unwrap();
        Ok(serde_json::to_string(&schedule).unwrap())
    }

    #[test]
    fn the_wall_and_the_instant_are_told_apart() {
        assert_eq!(
            schedule("2026-12-24 09:00", Some("Europe/Paris")).unwrap(),
            r#"{"localTime":"2026-12-24T09:00:00","timeZone":"Europe/Paris"}"#
        );
        assert_eq!(
            schedule("2026-12-24T09:00:30", None).unwrap(),
            r#"{"localTime":"2026-12-24T09:00:30"}"#
        );
        assert_eq!(
            schedule("2026-12-24T09:00:00+01:00", None).unwrap(),
            r#"{"at":"2026-12-24T08:00:00Z"}"#
        );
        assert!(schedule("2026-12-24T09:00:00Z", Some("Europe/Paris")).is_err());
        for wrong in ["tomorrow", "2026-13-01 09:00", "09:00"] {
            assert!(
                matches!(schedule(wrong, None), Err(Failure::Usage(_))),
                "{wrong}"
            );
        }
    }
}
