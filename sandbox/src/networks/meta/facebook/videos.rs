//! Making videos of a page: by URL, as a file, in chunks.

use bytes::Bytes;
use serde_json::json;

use super::super::{
    Graph, auth,
    error::GraphError,
    params,
    params::Params,
    route::At,
    success,
    transfer::{MAX_VIDEO, Transfer, Trouble},
};
use super::{
    publish, reels,
    state::{Video, Visibility},
};
use crate::networks::{
    answer::Answer, clock::Clock, fetch::FetchError, media::Media, state::State as Whole,
};

const PARAMS: [&str; 22] = [
    "upload_phase",
    "file_url",
    "source",
    "file_size",
    "upload_session_id",
    "start_offset",
    "end_offset",
    "video_file_chunk",
    "fbuploader_video_file_chunk",
    "title",
    "description",
    "published",
    "scheduled_publish_time",
    "thumb",
    "targeting",
    "feed_targeting",
    "content_tags",
    "content_category",
    "embeddable",
    "no_story",
    "unpublished_content_type",
    "social_actions",
];
/// Bytes asked for in one chunk.
const CHUNK: u64 = 4 * 1024 * 1024;

/// `POST /{page}/videos`.
pub async fn create(at: &At<'_>) -> Graph {
    let params = params(at.call, &PARAMS)?;
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_manage_posts")?;
    match params.text("upload_phase")?.as_deref() {
        None => at_once(at, &params).await,
        Some("start") => start(at, &params),
        Some("transfer") => transfer(at, &params),
        Some("finish") => finish(at, &params),
        Some("cancel") => Ok(success()),
        Some(other) => Err(GraphError::param(format!("Invalid upload_phase: {other}"))),
    }
}

/// A new video of the page.
pub fn new_video(at: &At<'_>, kind: &str) -> Video {
    Video {
        page: at.account.into(),
        kind: kind.into(),
        transfer: Transfer::default(),
        media: None,
        error: None,
        processed_at_ms: None,
        post: None,
        description: None,
        title: None,
        created_at: at.networks.now(),
    }
}

async fn at_once(at: &At<'_>, params: &Params) -> Graph {
    let file = params.file("source").or_else(|| params.any_file());
    let media = match (params.text("file_url")?, file) {
        (Some(url), None) => at
            .networks
            .fetch(&url, MAX_VIDEO)
            .await
            .map_err(|e| fetching(&e))?,
        (None, Some(bytes)) => at.networks.keep(&bytes),
        _ => return Err(GraphError::param("Give either file_url or source")),
    };
    let mut state = at.networks.state();
    let id = publish::new_id(&mut state);
    state
        .meta
        .facebook
        .videos
        .insert(id.clone(), new_video(at, "video"));
    complete(&mut state, &id, media);
    let published = show(at, &mut state, &id, params)?;
    let answer = Answer::json(200, &json!({ "id": id }));
    Ok(if published { answer.accepted() } else { answer })
}

fn fetching(error: &FetchError) -> GraphError {
    let text = format!("(#389) Unable to fetch video file from URL: {error:?}");
    GraphError::new(389, None, text)
}

fn start(at: &At<'_>, params: &Params) -> Graph {
    let size = params
        .number("file_size")?
        .ok_or_else(|| GraphError::missing("file_size"))?;
    let mut state = at.networks.state();
    let (id, session) = (publish::new_id(&mut state), publish::new_id(&mut state));
    let mut video = new_video(at, "video");
    video.transfer.size = Some(size);
    state.meta.facebook.videos.insert(id.clone(), video);
    state
        .meta
        .facebook
        .sessions
        .insert(session.clone(), id.clone());
    Ok(Answer::json(
        200,
        &json!({
            "upload_session_id": session,
            "video_id": id,
            "start_offset": "0",
            "end_offset": size.min(CHUNK).to_string(),
        }),
    ))
}

fn transfer(at: &At<'_>, params: &Params) -> Graph {
    let chunk: Bytes = params
        .file("video_file_chunk")
        .ok_or_else(|| GraphError::missing("video_file_chunk"))?;
    let offset = params
        .number("start_offset")?
        .ok_or_else(|| GraphError::missing("start_offset"))?;
    let mut state = at.networks.state();
    let (_, video) = session(at, &mut state, params)?;
    let size = video.transfer.size.unwrap_or_default();
    video.transfer.append(offset, &chunk, size).map_err(|_| {
        let text = "There was a problem uploading your video file. Please try again.";
        GraphError::new(6000, Some(1_363_037), text)
    })?;
    let start = video.transfer.received();
    Ok(Answer::json(
        200,
        &json!({
            "start_offset": start.to_string(),
            "end_offset": size.min(start + CHUNK).to_string(),
        }),
    ))
}

fn finish(at: &At<'_>, params: &Params) -> Graph {
    let (id, file) = {
        let mut state = at.networks.state();
        let (id, video) = session(at, &mut state, params)?;
        (id, video.transfer.finish())
    };
    let file = file.ok_or_else(|| GraphError::param("The upload is not complete"))?;
    let media = at.networks.keep(&file);
    let mut state = at.networks.state();
    complete(&mut state, &id, media);
    let published = show(at, &mut state, &id, params)?;
    Ok(if published {
        success().accepted()
    } else {
        success()
    })
}

fn session<'a>(
    at: &At<'_>,
    state: &'a mut Whole,
    params: &Params,
) -> Result<(String, &'a mut Video), GraphError> {
    let session = params.required("upload_session_id")?;
    let facebook = &mut state.meta.facebook;
    let id = facebook.sessions.get(&session).cloned();
    let unknown = || GraphError::param(format!("Invalid upload_session_id: {session}"));
    let id = id.ok_or_else(unknown)?;
    let video = facebook
        .videos
        .get_mut(&id)
        .filter(|video| video.page == at.account);
    video.map(|video| (id, video)).ok_or_else(unknown)
}

/// Makes the post of a complete video; true when people see it at once.
fn show(at: &At<'_>, state: &mut Whole, id: &str, params: &Params) -> Result<bool, GraphError> {
    let visibility = publish::visibility(params, at.networks.now())?;
    let description = params.text("description")?;
    publish::check_message(description.as_deref())?;
    let url = at
        .networks
        .url("www.facebook.com", &format!("{}/videos/{id}", at.account));
    post_of(
        at,
        state,
        id,
        PostOf {
            kind: "video",
            visibility,
            description,
            title: params.text("title")?,
            url,
        },
    )?;
    Ok(visibility == Visibility::Published)
}

/// What the post of a video says.
pub struct PostOf {
    /// Kind in the log.
    pub kind: &'static str,
    /// Now, later, never.
    pub visibility: Visibility,
    /// Text.
    pub description: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Permalink.
    pub url: String,
}

/// Makes the post of a complete video, once; its id.
pub fn post_of(at: &At<'_>, state: &mut Whole, id: &str, of: PostOf) -> Result<String, GraphError> {
    let video = state
        .meta
        .facebook
        .videos
        .get_mut(id)
        .ok_or_else(|| at.no_object())?;
    if let Some((code, message)) = &video.error {
        return Err(GraphError::new(*code, None, message.clone()));
    }
    if video.post.is_some() {
        return Err(GraphError::param("The video has already been published"));
    }
    video.description.clone_from(&of.description);
    video.title.clone_from(&of.title);
    let processing = video
        .processed_at_ms
        .unwrap_or_default()
        .saturating_sub(Clock::real_ms());
    let mut new = publish::new_post(at, state, of.kind, of.visibility);
    (new.message, new.title, new.url) = (of.description, of.title, of.url);
    new.video = Some(id.into());
    let post_id = new.id.clone();
    if of.visibility == Visibility::Published {
        publish::show(
            state,
            at.networks,
            &new,
            at.call.lag_ms,
            processing.max(0) as u64,
        );
    }
    publish::insert(state, new);
    Ok(post_id)
}

/// `POST rupload.facebook.com/video-upload/{v}/{video}`: bytes, or the URL of a hosted file.
pub async fn upload(at: &At<'_>) -> Graph {
    auth::page_token(&at.bearer, at.account)?;
    let media = if let Some(url) = at.call.header("file_url") {
        match at.networks.fetch(url, MAX_VIDEO).await {
            Ok(media) => media,
            Err(error) => return Ok(Trouble::Processing.answer(&format!("{error:?}"))),
        }
    } else {
        let taken = {
            let mut state = at.networks.state();
            let video = state
                .meta
                .facebook
                .videos
                .get_mut(at.id)
                .ok_or_else(|| at.no_object())?;
            video.transfer.take(at.call)
        };
        match taken {
            Ok(file) => at.networks.keep(&file),
            Err(trouble) => return Ok(trouble.answer("The upload stands elsewhere")),
        }
    };
    complete(&mut at.networks.state(), at.id, media);
    Ok(success())
}

/// All bytes are there: checks the file and starts processing.
fn complete(state: &mut Whole, id: &str, media: Media) {
    let done = Clock::real_ms() + state.switches.processing_ms as i64;
    if let Some(video) = state.meta.facebook.videos.get_mut(id) {
        video.transfer = Transfer::done(media.bytes);
        video.error = reels::problem(&video.kind, &media);
        video.media = Some(media);
        video.processed_at_ms = Some(done);
    }
}
