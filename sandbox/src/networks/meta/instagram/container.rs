//! `GET /{container}`: where it stands.

use serde_json::json;

use super::super::{Graph, fields, params, route::At};
use super::{Right, allowed, state::Status};
use crate::networks::answer::Answer;

const FIELDS: [&str; 5] = [
    "id",
    "status",
    "status_code",
    "copyright_check_status",
    "video_status",
];

/// Answers with the fields asked for.
pub fn read(at: &At<'_>) -> Graph {
    let params = params(at.call, &[])?;
    allowed(at, Right::Read)?;
    let wanted = params.text("fields")?;
    let state = at.networks.state();
    let container = state
        .meta
        .instagram
        .containers
        .get(at.id)
        .ok_or_else(|| at.no_object())?;
    let status = container.status(at.networks.now());
    let sentence = match (status, container.problem) {
        (Status::Error, Some(problem)) => {
            format!(
                "Error: Media upload has failed with error code {}",
                problem.subcode()
            )
        }
        (Status::InProgress, _) => "In Progress: Media is still being processed.".into(),
        (Status::Finished, _) => {
            "Finished: Media has been uploaded and it is ready to be published.".into()
        }
        (Status::Published, _) => "Published: Media has been published.".into(),
        (Status::Expired | Status::Error, _) => {
            "Expired: Media has not been published within 24 hours.".into()
        }
    };
    let uploaded = container.media.is_some();
    let video_status = json!({
        "uploading_phase": {
            "status": if uploaded { "complete" } else { "in_progress" },
            "bytes_transferred": container.transfer.received(),
        },
        "processing_phase": {
            "status": match status {
                Status::InProgress => "in_progress",
                Status::Error => "error",
                _ => "complete",
            },
        },
    });
    let node = json!({
        "id": at.id,
        "status": sentence,
        "status_code": status.code(),
        "copyright_check_status": { "status": "completed", "matches_found": false },
        "video_status": video_status,
    });
    fields::select(
        &node,
        "ShadowIGMediaBuilder",
        &FIELDS,
        &["id"],
        wanted.as_deref(),
    )
    .map(|node| Answer::json(200, &node))
}
