//! Times as people choose them.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    InputObject, InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value,
    registry::{MetaType, Registry},
};
use chrono::{DateTime, NaiveDateTime, Utc};
use posthaste_core::{
    Result,
    schedule::{parse_instant, parse_local},
};
use posthaste_engine::post::When;

/// Date and time on the wall in some zone, without an offset: `2027-03-28T09:00`, or with seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalDateTime(pub NaiveDateTime);

impl LocalDateTime {
    fn read(value: &Value) -> Option<Self> {
        let Value::String(text) = value else {
            return None;
        };
        parse_local(text).map(Self)
    }
}

/// Date and time on the wall in some zone, without an offset: `2027-03-28T09:00`, or with seconds.
#[Scalar]
impl ScalarType for LocalDateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        Self::read(&value).ok_or_else(|| {
            InputValueError::custom("A local time looks like 2027-03-28T09:00; its zone stands in timeZone, never as an offset.")
        })
    }

    /// Asked before anything is executed, so that the error names the argument.
    fn is_valid(value: &Value) -> bool {
        Self::read(value).is_some()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%Y-%m-%dT%H:%M:%S").to_string())
    }
}

/// An instant in an input: the scalar `DateTime`, strictly as RFC 3339 has it.
///
/// The library's own scalar is looser and checked only when its argument is read; this makes the
/// schema check every `DateTime` before anything is executed, so that the error names the argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub DateTime<Utc>);

impl Instant {
    fn read(value: &Value) -> Option<Self> {
        let Value::String(text) = value else {
            return None;
        };
        parse_instant(text).map(Self)
    }
}

impl InputType for Instant {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        <DateTime<Utc> as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = <DateTime<Utc> as InputType>::create_type_info(registry);
        if let Some(MetaType::Scalar { is_valid, .. }) = registry.types.get_mut(&*Self::type_name())
        {
            *is_valid = Some(Arc::new(|value| Self::read(value).is_some()));
        }
        name
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        Self::read(&value).ok_or_else(|| {
            InputValueError::custom("An instant looks like 2027-03-28T07:00:00Z (RFC 3339).")
        })
    }

    fn to_value(&self) -> Value {
        InputType::to_value(&self.0)
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// When to publish. Give exactly one of `at`, `localTime` (with `timeZone`) and `now: true`.
#[derive(Clone, Debug, InputObject)]
pub struct ScheduleInput {
    /// An instant.
    pub at: Option<Instant>,
    /// A time on the wall in a zone. Where the clocks skip it, it moves forward; where they show it
    /// twice, the first is meant; a warning tells either.
    pub local_time: Option<LocalDateTime>,
    /// The IANA zone of `localTime`, such as Europe/Paris; otherwise the workspace's.
    pub time_zone: Option<String>,
    /// At once.
    pub now: Option<bool>,
}

impl ScheduleInput {
    /// Whether the workspace's zone is needed to read it.
    pub fn needs_zone(&self) -> bool {
        self.local_time.is_some() && self.time_zone.is_none()
    }

    /// The chosen time; `INVALID_INPUT` unless exactly one way is given.
    pub fn when(self, default_zone: &str) -> Result<When> {
        When::one_of(
            self.at.map(|Instant(at)| at),
            self.local_time.map(|LocalDateTime(at)| at),
            self.time_zone,
            self.now.unwrap_or_default(),
            default_zone,
        )
    }
}

#[cfg(test)]
mod tests {
    use posthaste_core::ErrorCode;

    use super::*;

    fn local(text: &str) -> Option<NaiveDateTime> {
        LocalDateTime::read(&Value::from(text)).map(|time| time.0)
    }

    #[test]
    fn local_times_have_minutes_or_seconds_and_never_an_offset() {
        let nine = "2027-03-28T09:00:00".parse().ok();
        assert_eq!(local("2027-03-28T09:00"), nine);
        assert_eq!(local("2027-03-28T09:00:00"), nine);
        for text in [
            "2027-03-28T09:00Z",
            "2027-03-28T09:00+02:00",
            "2027-03-28",
            "2027-02-30T09:00",
            "tomorrow",
            "",
        ] {
            assert_eq!(local(text), None, "{text}");
        }
    }

    #[test]
    fn exactly_one_way_is_taken() {
        let at: DateTime<Utc> = "2027-01-04T09:00:00Z".parse().unwrap();
        let time = LocalDateTime(at.naive_utc());
        let none = ScheduleInput {
            at: None,
            local_time: None,
            time_zone: None,
            now: None,
        };
        let paris = Some("Europe/Paris".to_owned());
        let good = [
            (
                ScheduleInput {
                    at: Some(Instant(at)),
                    ..none.clone()
                },
                When::At(at),
            ),
            (
                ScheduleInput {
                    at: Some(Instant(at)),
                    now: Some(false),
                    ..none.clone()
                },
                When::At(at),
            ),
            (
                ScheduleInput {
                    now: Some(true),
                    ..none.clone()
                },
                When::Now,
            ),
            (
                ScheduleInput {
                    local_time: Some(time),
                    ..none.clone()
                },
                When::Local {
                    at: time.0,
                    zone: "Asia/Tokyo".into(),
                },
            ),
            (
                ScheduleInput {
                    local_time: Some(time),
                    time_zone: paris.clone(),
                    ..none.clone()
                },
                When::Local {
                    at: time.0,
                    zone: "Europe/Paris".into(),
                },
            ),
        ];
        for (input, expected) in good {
            assert_eq!(input.when("Asia/Tokyo").unwrap(), expected);
        }
        let bad = [
            none.clone(),
            ScheduleInput {
                now: Some(false),
                ..none.clone()
            },
            ScheduleInput {
                time_zone: paris.clone(),
                ..none.clone()
            },
            ScheduleInput {
                at: Some(Instant(at)),
                now: Some(true),
                ..none.clone()
            },
            ScheduleInput {
                at: Some(Instant(at)),
                local_time: Some(time),
                ..none.clone()
            },
            ScheduleInput {
                at: Some(Instant(at)),
                time_zone: paris,
                ..none
            },
        ];
        for input in bad {
            let error = input.clone().when("Asia/Tokyo").unwrap_err();
            assert_eq!(
                (error.code, error.path_text().as_str()),
                (ErrorCode::InvalidInput, "schedule"),
                "{input:?}"
            );
        }
    }
}
