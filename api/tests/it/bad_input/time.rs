//! Times that are none, gone, or chosen twice.

use posthaste_core::Network;
use serde_json::{Value, json};

use super::{Case, change, fixture::Fixture};

pub fn cases(f: &Fixture) -> Vec<Case> {
    let at = |schedule: Value| json!({ "text": "a", "targets": [{ "connectionId": f.on(Network::X) }], "schedule": schedule });
    let case = |name, schedule, code, path| change(name, "postCreate", at(schedule), code, path);
    vec![
        case(
            "a time gone by",
            json!({ "at": "2027-01-04T07:58:00Z" }),
            "TIME_IN_PAST",
            "schedule.at",
        ),
        case(
            "a local time gone by",
            json!({ "localTime": "2027-01-04T08:30", "timeZone": "Europe/Paris" }),
            "TIME_IN_PAST",
            "schedule.localTime",
        ),
        case(
            "a time too far away",
            json!({ "at": "2033-01-04T08:00:00Z" }),
            "TIME_TOO_FAR",
            "schedule.at",
        ),
        case(
            "a zone that does not exist",
            json!({ "localTime": "2027-02-01T09:00", "timeZone": "Mars/Olympus" }),
            "INVALID_TIME_ZONE",
            "schedule.timeZone",
        ),
        case(
            "an offset as a zone",
            json!({ "localTime": "2027-02-01T09:00", "timeZone": "+02:00" }),
            "INVALID_TIME_ZONE",
            "schedule.timeZone",
        ),
        case(
            "a local time with an offset",
            json!({ "localTime": "2027-02-01T09:00+02:00" }),
            "INVALID_INPUT",
            "schedule.localTime",
        ),
        case(
            "a day that does not exist",
            json!({ "localTime": "2027-02-30T09:00" }),
            "INVALID_INPUT",
            "schedule.localTime",
        ),
        case(
            "an instant in words",
            json!({ "at": "tomorrow" }),
            "INVALID_INPUT",
            "schedule.at",
        ),
        case(
            "an instant without an offset",
            json!({ "at": "2027-02-01T09:00:00" }),
            "INVALID_INPUT",
            "schedule.at",
        ),
        case(
            "two times",
            json!({ "at": "2027-02-01T09:00:00Z", "now": true }),
            "INVALID_INPUT",
            "schedule",
        ),
        case(
            "no time",
            json!({ "timeZone": "Europe/Paris" }),
            "INVALID_INPUT",
            "schedule",
        ),
        change(
            "no target to publish to",
            "postCreate",
            json!({ "text": "a", "schedule": { "now": true } }),
            "TARGETS_REQUIRED",
            "targets",
        ),
    ]
}
