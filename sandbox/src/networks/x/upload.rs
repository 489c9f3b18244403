//! Media uploads: in parts (initialize, append, finalize, status) or in one go, and alt text.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{answer::Answer, clock::Clock, media::Media, state::State as Whole};
use super::{
    Reply,
    auth::At,
    body, media,
    problem::Problem,
    query,
    state::{Shape, Upload},
    upload_fields::{fields, file},
};

/// Life of an upload.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// Ids of uploads start here.
const FIRST_ID: u64 = 1_910_000_000_000_000_000;
const MAX_ALT_TEXT: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Initialize {
    media_type: String,
    total_bytes: u64,
    media_category: Option<String>,
    #[serde(rename = "shared")]
    _shared: Option<bool>,
    #[serde(rename = "additional_owners")]
    _additional_owners: Option<Vec<String>>,
}

/// `POST /2/media/upload/initialize`.
pub fn initialize(at: &At<'_>) -> Reply {
    at.needs(&["media.write"])?;
    let wish: Initialize = body::read(at.call)?;
    let upload = new_upload(
        at,
        wish.media_category.as_deref(),
        &wish.media_type,
        wish.total_bytes,
    )?;
    if !media::fits(upload.shape(), &wish.media_type) {
        let text = "media_type does not fit media_category";
        return Err(Problem::invalid("media_type", &wish.media_type, text));
    }
    let mut state = at.networks.state();
    let id = (FIRST_ID + state.next_id()).to_string();
    let data = json!({
        "id": id,
        "media_key": upload.media_key(&id),
        "expires_after_secs": LIFE.num_seconds(),
    });
    state.x.uploads.insert(id, upload);
    Ok(Answer::json(200, &json!({ "data": data })))
}

/// `POST /2/media/upload/{id}/append`, multipart or JSON with base64. A part sent again replaces
/// itself.
pub fn append(at: &At<'_>, id: &str) -> Reply {
    at.needs(&["media.write"])?;
    body::check_id("id", id)?;
    let fields = fields(at, &["media", "segment_index"])?;
    let bytes = file(&fields)?;
    let text = fields.text("segment_index").unwrap_or_default();
    let index = text.parse().ok().filter(|index| *index <= 999);
    let index: u32 =
        index.ok_or_else(|| Problem::invalid("segment_index", &text, "must be 0 to 999"))?;
    let mut state = at.networks.state();
    let upload = own(at, &mut state, id)?;
    if upload.media.is_some() {
        return Err(Problem::invalid("id", id, "The upload is finalized."));
    }
    upload.segments.insert(index, bytes);
    let size: usize = upload.segments.values().map(Bytes::len).sum();
    if size as u64 > upload.total_bytes {
        upload.segments.remove(&index);
        let text = format!("The parts exceed total_bytes {}.", upload.total_bytes);
        return Err(Problem::invalid("media", "", text));
    }
    let expires_at = upload.expires_at.timestamp();
    Ok(Answer::json(
        200,
        &json!({ "data": { "expires_at": expires_at } }),
    ))
}

/// `POST /2/media/upload/{id}/finalize`.
pub fn finalize(at: &At<'_>, id: &str) -> Reply {
    at.needs(&["media.write"])?;
    body::check_id("id", id)?;
    body::none(at.call)?;
    let (shape, bytes) = {
        let mut state = at.networks.state();
        let upload = own(at, &mut state, id)?;
        if upload.media.is_some() {
            return Ok(Answer::json(200, &json!({ "data": data(upload, id) })));
        }
        (upload.shape(), joined(upload, id)?)
    };
    let file = at.networks.keep(&bytes);
    refuse(shape, &file)?;
    let mut state = at.networks.state();
    let processing_ms = state.switches.processing_ms;
    let upload = own(at, &mut state, id)?;
    finish(upload, file, processing_ms);
    Ok(Answer::json(200, &json!({ "data": data(upload, id) })))
}

/// `POST /2/media/upload`: a whole file, multipart or JSON with base64.
pub fn one_shot(at: &At<'_>) -> Reply {
    at.needs(&["media.write"])?;
    let fields = fields(
        at,
        &[
            "media",
            "media_category",
            "media_type",
            "shared",
            "additional_owners",
        ],
    )?;
    let bytes = file(&fields)?;
    let category = fields.text("media_category");
    if category.is_none() {
        return Err(Problem::invalid(
            "media_category",
            "",
            "$.media_category: is missing",
        ));
    }
    let file = at.networks.keep(&bytes);
    let mut upload = new_upload(at, category.as_deref(), &file.content_type, file.bytes)?;
    refuse(upload.shape(), &file)?;
    let mut state = at.networks.state();
    let id = (FIRST_ID + state.next_id()).to_string();
    finish(&mut upload, file, state.switches.processing_ms);
    let data = data(&upload, &id);
    state.x.uploads.insert(id, upload);
    Ok(Answer::json(200, &json!({ "data": data })))
}

/// `GET /2/media/upload?command=STATUS&media_id=`.
pub fn status(at: &At<'_>) -> Reply {
    at.needs(&["media.write"])?;
    query::read(at.call, &["command", "media_id"])?;
    if let Some(command) = at
        .call
        .query("command")
        .filter(|command| *command != "STATUS")
    {
        return Err(Problem::invalid(
            "command",
            command,
            "The `command` is not one of [STATUS]",
        ));
    }
    let id = at.call.query("media_id").unwrap_or_default();
    body::check_id("media_id", id)?;
    let mut state = at.networks.state();
    let upload = own(at, &mut state, id)?;
    Ok(Answer::json(200, &json!({ "data": data(upload, id) })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    id: String,
    metadata: Option<Map<String, Value>>,
}

/// `POST /2/media/metadata`: alt text; the other kinds of metadata are not simulated.
pub fn metadata(at: &At<'_>) -> Reply {
    at.needs(&["media.write"])?;
    let wish: Metadata = body::read(at.call)?;
    body::check_id("id", &wish.id)?;
    let metadata = wish.metadata.unwrap_or_default();
    if let Some(name) = metadata.keys().find(|name| *name != "alt_text") {
        return Err(Problem::invalid(
            name,
            "",
            format!("metadata.{name} is not simulated"),
        ));
    }
    let text = metadata
        .get("alt_text")
        .map(|alt| alt["text"].as_str().unwrap_or_default());
    if text.is_some_and(|text| text.is_empty() || text.chars().count() > MAX_ALT_TEXT) {
        let why = format!("$.metadata.alt_text.text: must be 1 to {MAX_ALT_TEXT} characters long");
        return Err(Problem::invalid("metadata.alt_text.text", "", why));
    }
    let mut state = at.networks.state();
    let upload = own(at, &mut state, &wish.id)?;
    upload.alt_text = text.map(str::to_owned).or(upload.alt_text.take());
    let data = json!({ "id": wish.id, "associated_metadata": metadata });
    Ok(Answer::json(200, &json!({ "data": data })))
}

fn new_upload(
    at: &At<'_>,
    category: Option<&str>,
    media_type: &str,
    total_bytes: u64,
) -> Result<Upload, Problem> {
    let wrong = || Problem::invalid("media_category", category.unwrap_or(""), "not allowed here");
    let upload = Upload {
        account: at.account.id.clone(),
        category: media::category(category, media_type).ok_or_else(wrong)?,
        media_type: media_type.to_owned(),
        total_bytes,
        segments: BTreeMap::new(),
        media: None,
        failed: false,
        processed_at_ms: 0,
        expires_at: at.networks.now() + LIFE,
        alt_text: None,
    };
    let max = media::max_bytes(upload.shape());
    if total_bytes == 0 || total_bytes > max {
        let text = format!("total_bytes must be 1 to {max}");
        return Err(Problem::invalid(
            "total_bytes",
            &total_bytes.to_string(),
            text,
        ));
    }
    Ok(upload)
}

/// An upload of the caller that has not expired.
fn own<'s>(at: &At<'_>, state: &'s mut Whole, id: &str) -> Result<&'s mut Upload, Problem> {
    let now = at.networks.now();
    let found = state.x.uploads.get_mut(id);
    found
        .filter(|upload| upload.account == at.account.id && upload.expires_at > now)
        .ok_or_else(|| Problem::invalid("media_id", id, "Your media IDs are invalid."))
}

/// The parts in one piece.
fn joined(upload: &Upload, id: &str) -> Result<Bytes, Problem> {
    let gapless = upload
        .segments
        .keys()
        .enumerate()
        .all(|(n, index)| n as u64 == u64::from(*index));
    let mut whole = BytesMut::new();
    upload
        .segments
        .values()
        .for_each(|part| whole.extend_from_slice(part));
    if !gapless || whole.len() as u64 != upload.total_bytes {
        let text = format!(
            "{} of {} bytes were appended.",
            whole.len(),
            upload.total_bytes
        );
        return Err(Problem::invalid("id", id, text));
    }
    Ok(whole.freeze())
}

fn refuse(shape: Shape, file: &Media) -> Result<(), Problem> {
    match media::refuse(shape, file) {
        Some(text) => Err(Problem::invalid("media", &file.content_type, text)),
        None => Ok(()),
    }
}

/// Pictures are ready at once; GIFs and videos are processed for a while.
fn finish(upload: &mut Upload, file: Media, processing_ms: u64) {
    if upload.shape() != Shape::Photo {
        upload.processed_at_ms = Clock::real_ms().saturating_add(processing_ms as i64);
    }
    upload.failed = upload.shape() == Shape::Video && !media::processes(&file);
    upload.media = Some(file);
    upload.segments.clear();
}

fn data(upload: &Upload, id: &str) -> Value {
    let mut data = json!({
        "id": id,
        "media_key": upload.media_key(id),
        "expires_after_secs": LIFE.num_seconds(),
    });
    let Some(file) = &upload.media else {
        return data;
    };
    data["size"] = file.bytes.into();
    if upload.shape() == Shape::Photo {
        data["image"] =
            json!({ "image_type": file.content_type, "w": file.width, "h": file.height });
        return data;
    }
    if upload.shape() == Shape::Video {
        data["video"] = json!({ "video_type": file.content_type });
    }
    let left_ms = upload.processed_at_ms - Clock::real_ms();
    data["processing_info"] = match (left_ms > 0, upload.failed) {
        (true, _) => json!({
            "state": "in_progress",
            "check_after_secs": (left_ms as u64).div_ceil(1000),
            "progress_percent": 50,
        }),
        (false, true) => json!({ "state": "failed", "progress_percent": 100 }),
        (false, false) => json!({ "state": "succeeded", "progress_percent": 100 }),
    };
    data
}
