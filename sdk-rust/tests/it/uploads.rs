//! Uploads in parts.

use std::sync::{Arc, Mutex};

use posthaste_sdk::types::*;
use serde_json::{Value, json};

use crate::stub::{Reply, Seen, Stub};

const FILE: &[u8] = b"0123456789";

/// What the server calls itself, which need not be how it is reached.
const URL: &str = "https://posthaste.test/media/media_1";

/// A server that keeps an upload, and breaks where a test wants it to.
#[derive(Default)]
struct Shelf {
    bytes: Vec<u8>,
    appends: u32,
    /// Takes the bytes of this part, and then breaks.
    lose_answer: Option<u32>,
    /// Breaks before it takes the bytes of this part.
    lose_part: Option<u32>,
    failed: bool,
}

impl Shelf {
    fn answer(&mut self, seen: &Seen) -> Reply {
        match seen.method.as_str() {
            "HEAD" => Reply::Answer(200, Vec::new(), "".into())
                .with("upload-offset", &self.bytes.len().to_string()),
            "PATCH" => self.append(seen),
            _ => self.graphql(&seen.json()),
        }
    }

    fn append(&mut self, seen: &Seen) -> Reply {
        assert_eq!(seen.path, "/media/media_1");
        assert_eq!(seen.header("tus-resumable"), Some("1.0.0"));
        assert_eq!(
            seen.header("content-type"),
            Some("application/offset+octet-stream")
        );
        assert_eq!(seen.header("authorization"), Some("Bearer phk_test_1"));
        assert_eq!(
            seen.header("upload-offset").unwrap(),
            self.bytes.len().to_string()
        );
        self.appends += 1;
        if self.lose_part == Some(self.appends) {
            return Reply::Answer(503, Vec::new(), "".into());
        }
        self.bytes.extend_from_slice(&seen.body);
        if self.lose_answer == Some(self.appends) {
            return Reply::Cut;
        }
        Reply::Answer(204, Vec::new(), "".into())
            .with("upload-offset", &self.bytes.len().to_string())
    }

    fn graphql(&self, body: &Value) -> Reply {
        if body["operationName"] == "MediaGet" {
            return Reply::json(200, json!({ "data": { "media": self.media() } }));
        }
        let input = json!({ "bytes": 10, "fileName": "a.txt", "altText": "Ten digits" });
        assert_eq!(body["variables"]["input"], input);
        let payload =
            json!({ "uploadUrl": URL, "media": self.media(), "errors": [], "warnings": [] });
        Reply::json(200, json!({ "data": { "mediaUploadCreate": payload } }))
    }

    fn media(&self) -> Value {
        let whole = self.bytes.len() == FILE.len();
        let status = match whole {
            true if self.failed => "FAILED",
            true => "READY",
            false => "UPLOADING",
        };
        let error = self
            .failed
            .then(|| json!({ "code": "MEDIA_UNREADABLE", "message": "Torn.", "advice": "Mend." }));
        json!({
            "id": "media_1", "status": status, "fileName": "a.txt", "altText": null, "contentType": null, "bytes": 10,
            "width": null, "height": null, "durationMs": null, "animated": false, "url": null, "uploadUrl": URL,
            "uses": 0, "expiresAt": null, "createdAt": "2027-01-04T08:00:00+00:00", "allowedActions": [],
            "provenance": { "kind": "KEY", "personId": null, "keyId": null }, "error": error,
        })
    }
}

async fn shelf(shelf: Shelf) -> (Stub, Arc<Mutex<Shelf>>) {
    let shelf = Arc::new(Mutex::new(shelf));
    let held = shelf.clone();
    let stub = Stub::new(move |seen| held.lock().unwrap().answer(seen)).await;
    (stub, shelf)
}

#[tokio::test]
async fn a_file_arrives_whole_over_broken_connections() {
    let (stub, shelf) = shelf(Shelf {
        lose_part: Some(2),
        lose_answer: Some(3),
        ..Shelf::default()
    })
    .await;
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = steps.clone();
    let media = stub
        .client()
        .media()
        .upload_bytes("a.txt", FILE)
        .alt_text("Ten digits")
        .part_size(4)
        .on_progress(move |progress| told.lock().unwrap().push((progress.sent, progress.total)))
        .await
        .unwrap();
    assert_eq!(media.status, MediaStatus::Ready);
    assert_eq!(shelf.lock().unwrap().bytes, FILE);
    let steps = steps.lock().unwrap().clone();
    assert_eq!(steps, [(0, 10), (4, 10), (4, 10), (8, 10), (10, 10)]);
}

#[tokio::test]
async fn another_process_goes_on_where_the_first_one_stopped() {
    let (stub, shelf) = shelf(Shelf {
        bytes: FILE[..7].to_vec(),
        ..Shelf::default()
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    std::fs::write(&path, FILE).unwrap();
    let upload = stub.client().media().upload_file(&path).resume("media_1");
    assert_eq!(upload.await.unwrap().id, "media_1");
    assert_eq!(shelf.lock().unwrap().bytes, FILE);
    assert_eq!(shelf.lock().unwrap().appends, 1);
}

#[tokio::test]
async fn a_file_that_the_server_cannot_use_is_an_error() {
    let (stub, _) = shelf(Shelf {
        failed: true,
        ..Shelf::default()
    })
    .await;
    let upload = stub
        .client()
        .media()
        .upload_bytes("a.txt", FILE)
        .alt_text("Ten digits");
    let error = upload.await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::MediaUnreadable));
    assert_eq!(error.to_string(), "MEDIA_UNREADABLE: Torn. Mend.");
    let missing = stub
        .client()
        .media()
        .upload_file("/nowhere/a.jpg")
        .await
        .unwrap_err();
    assert!(
        missing
            .to_string()
            .starts_with("/nowhere/a.jpg cannot be read")
    );
}
