//! Files of bulk jobs, and what became of their lines.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::TryStreamExt;
use posthaste_sdk::{Error, blocking, types::*};
use serde_json::{Value, json};

use crate::stub::{Reply, Seen, Stub};

const FILE: &[u8] = b"text\nOne\nTwo\n";

/// A job as the server tells it.
pub fn job(state: &str, bytes: usize) -> Value {
    json!({
        "id": "job_1", "kind": "POSTS_IMPORT", "format": "CSV", "state": state, "fileName": "a.csv", "bytes": bytes,
        "dryRun": false, "timeZone": "UTC", "uploadUrl": null, "resultsUrl": "https://posthaste.test/bulk/job_1/results",
        "lines": 2, "done": 0, "created": 0, "skipped": 0, "invalid": 0, "createdAt": "2027-01-04T08:00:00+00:00",
        "startedAt": null, "finishedAt": null, "expiresAt": null, "allowedActions": [], "error": null,
        "provenance": { "kind": "KEY", "personId": null, "keyId": null },
    })
}

/// A server that takes the file of a job.
#[derive(Default)]
struct Shelf {
    bytes: Vec<u8>,
    appends: u32,
    /// Takes the bytes of this part, and then breaks.
    lose_answer: Option<u32>,
}

impl Shelf {
    fn answer(&mut self, seen: &Seen) -> Reply {
        match seen.method.as_str() {
            "HEAD" => self.offset(200),
            "PATCH" => {
                assert_eq!(seen.path, "/bulk/job_1");
                self.appends += 1;
                self.bytes.extend_from_slice(&seen.body);
                if self.lose_answer == Some(self.appends) {
                    Reply::Cut
                } else {
                    self.offset(204)
                }
            }
            _ => self.graphql(&seen.json()),
        }
    }

    fn offset(&self, status: u16) -> Reply {
        let offset = self.bytes.len().to_string();
        Reply::Answer(status, Vec::new(), Bytes::new()).with("upload-offset", &offset)
    }

    fn graphql(&self, body: &Value) -> Reply {
        let whole = self.bytes.len() == FILE.len();
        let job = job(if whole { "QUEUED" } else { "UPLOADING" }, FILE.len());
        if body["operationName"] == "BulkJobGet" {
            return Reply::json(200, json!({ "data": { "bulkJob": job } }));
        }
        let payload = json!({ "bulkJob": job, "errors": [], "warnings": [] });
        Reply::json(200, json!({ "data": { "bulkJobCreate": payload } }))
    }
}

async fn shelf(shelf: Shelf) -> (Stub, Arc<Mutex<Shelf>>) {
    let shelf = Arc::new(Mutex::new(shelf));
    let held = shelf.clone();
    let stub = Stub::new(move |seen| held.lock().unwrap().answer(seen)).await;
    (stub, shelf)
}

#[tokio::test]
async fn a_job_is_begun_and_its_file_arrives_whole() {
    let (stub, shelf) = shelf(Shelf {
        lose_answer: Some(2),
        ..Shelf::default()
    })
    .await;
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = steps.clone();
    let upload = stub.client().bulk_jobs().upload_bytes("a.csv", FILE);
    let job = upload
        .dry_run(true)
        .time_zone("Europe/Paris")
        .idempotency_key("spring")
        .part_size(5)
        .on_progress(move |progress| told.lock().unwrap().push((progress.sent, progress.total)))
        .await
        .unwrap();
    assert_eq!(job.state, BulkJobState::Queued);
    assert_eq!(shelf.lock().unwrap().bytes, FILE);
    assert_eq!(
        *steps.lock().unwrap(),
        [(0, 13), (5, 13), (10, 13), (13, 13)]
    );
    let begun = &stub.seen()[0];
    assert_eq!(begun.header("idempotency-key"), Some("spring"));
    assert_eq!(
        begun.json()["variables"]["input"],
        json!({ "kind": "POSTS_IMPORT", "format": "CSV", "fileName": "a.csv", "bytes": 13,
                "dryRun": true, "timeZone": "Europe/Paris" })
    );
}

#[tokio::test]
async fn a_job_that_was_begun_goes_on_with_the_same_file_only() {
    let (stub, shelf) = shelf(Shelf::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, FILE).unwrap();
    let client = stub.client();
    let begun = client.bulk_jobs().upload_file(&path).begin().await.unwrap();
    assert_eq!(begun.state, BulkJobState::Uploading);
    shelf.lock().unwrap().bytes = FILE[..7].to_vec();

    std::fs::write(&path, "text\n").unwrap();
    let other = client.bulk_jobs().upload_file(&path).resume(&begun.id);
    assert_eq!(
        other.await.unwrap_err().to_string(),
        "a.csv has 5 bytes, but the file of job_1 has 13: begin another job"
    );
    std::fs::write(&path, FILE).unwrap();
    let same = client.bulk_jobs().upload_file(&path).resume(&begun.id);
    assert_eq!(same.await.unwrap().state, BulkJobState::Queued);
    assert_eq!(shelf.lock().unwrap().bytes, FILE);
    assert_eq!(shelf.lock().unwrap().appends, 1);
    let again = client.bulk_jobs().upload_file(&path).resume(&begun.id);
    assert_eq!(again.await.unwrap().state, BulkJobState::Queued);
    assert_eq!(shelf.lock().unwrap().appends, 1, "it is all there");
}

#[tokio::test]
async fn how_a_file_is_written_is_seen_or_said() {
    let (stub, _) = shelf(Shelf::default()).await;
    let jobs = stub.client().bulk_jobs();
    let error = jobs.upload_bytes("a.txt", FILE).begin().await.unwrap_err();
    assert!(matches!(error, Error::Setup(_)));
    assert_eq!(
        error.to_string(),
        "say the format of a.txt, CSV or JSONL: its name does not tell"
    );
    let upload = jobs.upload_bytes("a.txt", FILE).format(BulkFormat::Jsonl);
    upload.begin().await.unwrap();
    jobs.upload_bytes("a.NDJSON", FILE).begin().await.unwrap();
    for request in stub.seen() {
        assert_eq!(request.json()["variables"]["input"]["format"], "JSONL");
    }
}

fn result(line: u32) -> String {
    let error = json!({ "code": "TEXT_TOO_LONG", "message": "Long.", "advice": "Shorten.", "path": ["text"],
                        "docsUrl": "https://posthaste.test/docs/errors" });
    let result = json!({ "line": line, "outcome": "INVALID", "key": null, "postId": null,
                         "errors": [error], "warnings": [] });
    format!("{result}\n")
}

/// Results up to a line, of which the connection may be cut.
fn results(to: u32, cut: bool) -> Reply {
    let lines = (2..=to).map(result).collect::<String>().into_bytes();
    if cut {
        Reply::CutAfter(lines.into())
    } else {
        Reply::Answer(200, Vec::new(), lines.into())
    }
}

#[tokio::test]
async fn results_come_once_each_over_broken_connections() {
    let busy = json!({ "type": "https://posthaste.test/docs/errors", "detail": "No.", "code": "UNAVAILABLE", "retryable": true });
    let busy = Reply::Answer(503, Vec::new(), busy.to_string().into());
    let stub = Stub::with(vec![
        results(3, true),
        busy,
        results(4, true),
        results(5, false),
    ])
    .await;
    let all = stub.client().bulk_jobs().results_all("job_1");
    let all: Vec<BulkResult> = all.try_collect().await.unwrap();
    let lines: Vec<i64> = all.iter().map(|result| result.line).collect();
    assert_eq!(lines, [2, 3, 4, 5]);
    assert_eq!(all[0].errors[0].code, ErrorCode::TextTooLong);
    let seen = stub.seen();
    assert!(
        seen.iter()
            .all(|request| request.path == "/bulk/job_1/results")
    );
    assert_eq!(seen[0].header("authorization"), Some("Bearer phk_test_1"));
    assert_eq!(seen.len(), 4);
}

#[test]
fn a_job_that_is_not_there_has_no_results() {
    let problem = json!({ "type": "https://posthaste.test/docs/errors", "detail": "No.", "code": "NOT_FOUND", "retryable": false });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let reply = Reply::Answer(404, Vec::new(), problem.to_string().into());
    let stub = runtime.block_on(Stub::with(vec![reply]));
    let client = blocking::Client::of(stub.client()).unwrap();
    let mut results = client.iterate(client.bulk_jobs().results_all("job_9"));
    let error = results.next().unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::NotFound));
    assert!(results.next().is_none());
}
