//! Bulk jobs that cannot be meant.

use serde_json::{Value, json};

use super::{Case, change};

const UNKNOWN: &str = "job_01h455vb4pex5vsknk084sn02q";

pub fn cases() -> Vec<Case> {
    let with = |name: &str, value: Value| {
        let mut input =
            json!({ "kind": "POSTS_IMPORT", "format": "CSV", "fileName": "a.csv", "bytes": 3 });
        input[name] = value;
        input
    };
    let create = |name, input, code, path| change(name, "bulkJobCreate", input, code, path);
    vec![
        create(
            "a job without a file name",
            with("fileName", json!(" ")),
            "INVALID_INPUT",
            "fileName",
        ),
        create(
            "a job's empty file",
            with("bytes", json!(0)),
            "INVALID_INPUT",
            "bytes",
        ),
        create(
            "a job's negative file",
            with("bytes", json!(-1)),
            "INVALID_INPUT",
            "bytes",
        ),
        create(
            "a job's file that is too large",
            with("bytes", json!(104_857_601)),
            "PAYLOAD_TOO_LARGE",
            "bytes",
        ),
        create(
            "a job in no zone",
            with("timeZone", json!("Mars/Base")),
            "INVALID_TIME_ZONE",
            "timeZone",
        ),
        create(
            "no job id to choose",
            with("id", json!("mine")),
            "INVALID_ID",
            "id",
        ),
        create(
            "a job of no format",
            with("format", json!("XLSX")),
            "INVALID_INPUT",
            "format",
        ),
        change(
            "stopping an unknown job",
            "bulkJobCancel",
            json!({ "id": UNKNOWN }),
            "NOT_FOUND",
            "",
        ),
        change(
            "stopping no job",
            "bulkJobCancel",
            json!({ "id": "post_01h455vb4pex5vsknk084sn02q" }),
            "INVALID_ID",
            "id",
        ),
    ]
}
