//! Videos: register, upload the bytes to the given address, ask how far it is.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::{
    Networks,
    answer::Answer,
    call::{Body, Call},
    clock::Clock,
    media::{Media, hex},
    state::State as Whole,
};
use super::{
    Reply, UPLOAD_HOST,
    auth::{At, check_id},
    body,
    problem::Problem,
    state::Upload,
};

/// Ids of uploads start here.
const FIRST_ID: u64 = 5_200_000_000_000_000;
/// Life of an upload address; the specification shows one hour.
const LIFE: TimeDelta = TimeDelta::hours(1);
const GB: u64 = 1024 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    media_type: String,
}

/// `POST /v5/media`.
pub fn register(at: &At<'_>) -> Reply {
    at.needs(&["pins:read", "pins:write"])?;
    at.only(&[])?;
    let wish: Wish = body::read(at.call)?;
    if wish.media_type != "video" {
        return Err(Problem::invalid(format!(
            "'{}' is not one of ['video']",
            wish.media_type
        )));
    }
    let expires_at = at.networks.now() + LIFE;
    let mut state = at.networks.state();
    let id = (FIRST_ID + state.next_id()).to_string();
    let policy = json!({ "expiration": expires_at.to_rfc3339(), "conditions": [] }).to_string();
    let text = |name: &str, value: String| (name.to_owned(), value);
    let signature = hex(&Sha256::digest(format!("{id} {policy}")));
    let parameters = vec![
        text(
            "x-amz-date",
            expires_at.format("%Y%m%dT%H%M%SZ").to_string(),
        ),
        text("x-amz-signature", signature.clone()),
        text("x-amz-security-token", signature[..32].to_owned()),
        text("x-amz-algorithm", "AWS4-HMAC-SHA256".into()),
        text(
            "x-amz-credential",
            "SIMULATED/us-east-1/s3/aws4_request".into(),
        ),
        text("key", format!("uploads/{id}:video:{}", at.account.id)),
        text("policy", BASE64_STANDARD.encode(policy)),
        text("Content-Type", "multipart/form-data".into()),
    ];
    let shown: Map<String, Value> = parameters
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    let upload = Upload {
        account: at.account.id.clone(),
        parameters,
        expires_at,
        media: None,
        failed: false,
        processed_at_ms: 0,
    };
    state.pinterest.uploads.insert(id.clone(), upload);
    let body = json!({
        "media_id": id,
        "media_type": "video",
        "upload_url": at.networks.url(UPLOAD_HOST, ""),
        "upload_parameters": shown,
    });
    Ok(Answer::json(201, &body))
}

/// `GET /v5/media/{id}`.
pub fn status(at: &At<'_>, id: &str) -> Reply {
    at.needs(&["pins:read"])?;
    at.only(&[])?;
    check_id(id)?;
    let state = at.networks.state();
    let upload = state.pinterest.uploads.get(id);
    let upload = upload.filter(|upload| upload.account == at.account.id);
    let status = upload.ok_or_else(Problem::no_media)?.status();
    let body = json!({ "media_id": id, "media_type": "video", "status": status });
    Ok(Answer::json(200, &body))
}

/// The account an upload of bytes is for.
pub fn account(state: &Whole, call: &Call) -> Option<String> {
    Some(
        state
            .pinterest
            .uploads
            .get(media_id(call)?)?
            .account
            .clone(),
    )
}

/// `POST` of the bytes: every parameter, then the file; no token.
pub fn receive(networks: &Networks, call: &Call) -> Answer {
    received(networks, call).unwrap_or_else(|(code, message)| {
        let status = if code == "AccessDenied" { 403 } else { 400 };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Answer::new(status, "application/xml", Bytes::from(body))
    })
}

fn received(networks: &Networks, call: &Call) -> Result<Answer, (&'static str, &'static str)> {
    if call.header("authorization").is_some() {
        return Err(("InvalidArgument", "Only one auth mechanism allowed"));
    }
    let Body::Multipart(parts) = &call.body else {
        return Err((
            "MalformedPOSTRequest",
            "The body must be multipart/form-data.",
        ));
    };
    let denied = ("AccessDenied", "Invalid according to Policy.");
    let id = media_id(call).ok_or(denied)?;
    let processing_ms = {
        let state = networks.state();
        let upload = state.pinterest.uploads.get(id).ok_or(denied)?;
        if upload.expires_at <= networks.now() {
            return Err((
                "AccessDenied",
                "Invalid according to Policy: Policy expired.",
            ));
        }
        let given = |name: &str, value: &str| call.form(name) == Some(value);
        if !upload
            .parameters
            .iter()
            .all(|(name, value)| given(name, value))
        {
            return Err(denied);
        }
        state.switches.processing_ms
    };
    let file = parts.last().filter(|part| part.name == "file");
    let file = file.ok_or((
        "InvalidArgument",
        "POST requires exactly one file upload, at the end.",
    ))?;
    let media = networks.keep(&file.data);
    if let Some(upload) = networks.state().pinterest.uploads.get_mut(id) {
        upload.failed = !accepts(&media);
        upload.processed_at_ms = Clock::real_ms().saturating_add(processing_ms as i64);
        upload.media = Some(media);
    }
    Ok(Answer::empty(204))
}

/// The upload that the `key` names.
fn media_id(call: &Call) -> Option<&str> {
    call.form("key")?
        .strip_prefix("uploads/")?
        .split(':')
        .next()
}

/// MP4 or MOV of 4 seconds to 15 minutes, at most 2 GB.
fn accepts(media: &Media) -> bool {
    media.readable
        && media.kind() == "video"
        && media.bytes <= 2 * GB
        && media
            .duration_ms
            .is_some_and(|ms| (4_000..=900_000).contains(&ms))
}
