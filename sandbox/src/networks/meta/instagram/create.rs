//! `POST /{ig}/media`: making a container.

use serde_json::{Value, json};

use super::super::{
    Graph, error::GraphError, params, params::Params, route::At, transfer::Transfer,
};
use super::{
    Right, allowed, checks,
    error::Problem,
    state::{Container, FIRST_ID, Shape, Status, last_day},
};
use crate::networks::{
    Networks, answer::Answer, clock::Clock, fetch::FetchError, media::Media, state::State as Whole,
};

const PARAMS: [&str; 25] = [
    "image_url",
    "video_url",
    "media_type",
    "caption",
    "is_carousel_item",
    "children",
    "alt_text",
    "user_tags",
    "location_id",
    "collaborators",
    "cover_url",
    "thumb_offset",
    "share_to_feed",
    "audio_name",
    "trial_params",
    "upload_type",
    "product_tags",
    "is_ai_generated",
    "is_paid_partnership",
    "branded_content_sponsor_ids",
    "cross_post_to_threads",
    "poll_attachment",
    "audio_configuration",
    "title",
    "comment_enabled",
];

/// Where the file comes from.
enum Source {
    Image(String),
    Video(String),
    Upload,
    Children(Vec<String>),
}

/// Makes a container. Images are fetched before the answer, videos after it.
pub async fn create(at: &At<'_>) -> Graph {
    let params = params(at.call, &PARAMS)?;
    allowed(at, Right::Publish)?;
    let (shape, source) = wish(&params)?;
    if matches!(source, Source::Upload) && at.call.host == "graph.instagram.com" {
        return Err(GraphError::param(
            "upload_type=resumable is documented for Facebook Login only",
        ));
    }
    let mut container = container(at, &params, shape)?;
    match &source {
        Source::Image(url) => {
            let media = at
                .networks
                .fetch(url, checks::MAX_IMAGE)
                .await
                .map_err(image_problem)?;
            checks::image(&media, shape)?;
            container.media = Some(media);
        }
        Source::Children(ids) => children(at, &at.networks.state(), ids)?,
        Source::Video(_) | Source::Upload => {}
    }
    if let Source::Children(ids) = &source {
        container.children.clone_from(ids);
    }
    let id = insert(
        at,
        container,
        matches!(source, Source::Image(_) | Source::Children(_)),
    )?;
    let mut body = json!({ "id": id });
    match source {
        Source::Video(url) => {
            tokio::spawn(fetch_video(at.networks.clone(), id, url));
        }
        Source::Upload => {
            let path = format!("ig-api-upload/v26.0/{id}");
            body["uri"] = at.networks.url("rupload.facebook.com", &path).into();
        }
        Source::Image(_) | Source::Children(_) => {}
    }
    Ok(Answer::json(200, &body))
}

/// Shape and source by `media_type` and what is given.
fn wish(params: &Params) -> Result<(Shape, Source), GraphError> {
    let image = params.text("image_url")?;
    let video = params.text("video_url")?;
    let upload = match params.text("upload_type")?.as_deref() {
        None => false,
        Some("resumable") => true,
        Some(other) => return Err(GraphError::param(format!("Invalid upload_type: {other}"))),
    };
    let kind = params.text("media_type")?;
    let moving = |video: Option<String>| match (video, upload) {
        (Some(url), false) => Ok(Source::Video(url)),
        (None, true) => Ok(Source::Upload),
        _ => Err(GraphError::param(
            "Give either video_url or upload_type=resumable",
        )),
    };
    let is_item = params.flag("is_carousel_item")?.unwrap_or(false);
    match (kind.as_deref(), image, video) {
        (None | Some("IMAGE"), Some(url), None) if !upload => {
            Ok((Shape::Image, Source::Image(url)))
        }
        (Some("STORIES"), Some(url), None) if !upload => Ok((Shape::Story, Source::Image(url))),
        (Some("STORIES"), None, video) => Ok((Shape::Story, moving(video)?)),
        (Some("REELS"), None, video) => Ok((Shape::Reel, moving(video)?)),
        (Some("VIDEO"), None, video) if is_item => Ok((Shape::Video, moving(video)?)),
        (Some("VIDEO"), None, _) => Err(GraphError::param(
            "media_type VIDEO is for carousel items only: use REELS",
        )),
        (Some("CAROUSEL"), None, None) if !is_item => {
            let ids = params.list("children")?;
            let ids = ids.iter().map(|id| match id {
                Value::String(id) => Ok(id.clone()),
                Value::Number(id) => Ok(id.to_string()),
                _ => Err(GraphError::param("Param children must be a list of ids")),
            });
            Ok((
                Shape::Carousel,
                Source::Children(ids.collect::<Result<_, _>>()?),
            ))
        }
        (Some("IMAGE" | "REELS" | "STORIES" | "CAROUSEL") | None, ..) => Err(GraphError::param(
            "Only photo or video can be accepted as media type.",
        )),
        (Some(_), ..) => Err(Problem::MediaType.into()),
    }
}

fn container(at: &At<'_>, params: &Params, shape: Shape) -> Result<Container, GraphError> {
    let caption = params.text("caption")?;
    checks::caption(caption.as_deref())?;
    let alt_text = params.text("alt_text")?;
    checks::alt_text(alt_text.as_deref(), shape)?;
    if params.list("collaborators")?.len() > 3 {
        return Err(GraphError::param("At most 3 collaborators"));
    }
    let is_item = params.flag("is_carousel_item")?.unwrap_or(false);
    if is_item && matches!(shape, Shape::Story | Shape::Reel) {
        return Err(GraphError::param(
            "Stories and reels cannot be carousel items",
        ));
    }
    Ok(Container {
        account: at.account.into(),
        shape,
        is_item,
        caption,
        alt_text,
        share_to_feed: params.flag("share_to_feed")?.unwrap_or(true),
        thumb_offset: params
            .number("thumb_offset")
            .map_err(|_| Problem::ThumbOffset)?,
        media: None,
        children: Vec::new(),
        created_at: at.networks.now(),
        ready_at_ms: None,
        problem: None,
        published: None,
        transfer: Transfer::default(),
    })
}

/// Parts of a carousel: 2 to 10 ready containers of this account made as carousel items.
fn children(at: &At<'_>, state: &Whole, ids: &[String]) -> Result<(), GraphError> {
    if !(2..=10).contains(&ids.len()) {
        return Err(Problem::Carousel.into());
    }
    let now = at.networks.now();
    for id in ids {
        let child = state
            .meta
            .instagram
            .containers
            .get(id)
            .filter(|c| c.account == at.account);
        let child = child.ok_or(Problem::ContainerNotFound)?;
        if !child.is_item {
            let text = format!("The container {id} was not made with is_carousel_item=true");
            return Err(GraphError::param(text));
        }
        match child.status(now) {
            Status::Finished => {}
            Status::InProgress => return Err(Problem::NotReady.into()),
            Status::Error => return Err(child.problem.unwrap_or(Problem::Upload).into()),
            Status::Expired | Status::Published => return Err(Problem::ContainerNotFound.into()),
        }
    }
    Ok(())
}

/// Stores the container within the daily limit; its id.
fn insert(at: &At<'_>, mut container: Container, complete: bool) -> Result<String, GraphError> {
    let now = at.networks.now();
    let mut state = at.networks.state();
    let limit = state.switches.ig_containers_per_day as usize;
    let enforced = state.switches.rate_limits.enabled;
    let times = state
        .meta
        .instagram
        .created
        .entry(at.account.into())
        .or_default();
    if enforced && last_day(times, now) >= limit {
        let text =
            format!("(#4) Application request limit reached: {limit} containers in 24 hours");
        return Err(GraphError::new(4, None, text));
    }
    times.push_back(now);
    if complete {
        container.ready_at_ms = Some(ready_at(&state));
    }
    let id = (FIRST_ID + state.next_id()).to_string();
    state.meta.instagram.order.push_back((now, id.clone()));
    state
        .meta
        .instagram
        .containers
        .insert(id.clone(), container);
    Ok(id)
}

fn ready_at(state: &Whole) -> i64 {
    Clock::real_ms() + state.switches.processing_ms as i64
}

fn image_problem(error: FetchError) -> GraphError {
    match error {
        FetchError::TooLarge => Problem::ImageTooLarge,
        FetchError::TooSlow => Problem::SlowDownload,
        FetchError::BadUrl | FetchError::Unreachable(_) => Problem::Unreachable,
    }
    .into()
}

async fn fetch_video(networks: Networks, id: String, url: String) {
    let fetched = networks
        .fetch(&url, checks::MAX_REEL)
        .await
        .map_err(|error| match error {
            FetchError::TooSlow => Problem::SlowDownload,
            FetchError::TooLarge => Problem::VideoFormat,
            FetchError::BadUrl | FetchError::Unreachable(_) => Problem::Unreachable,
        });
    arrive(&networks, &id, fetched);
}

/// The file of a container is there, or will not come: checks it and starts processing.
pub fn arrive(networks: &Networks, id: &str, file: Result<Media, Problem>) {
    let mut state = networks.state();
    let ready = ready_at(&state);
    let Some(container) = state.meta.instagram.containers.get_mut(id) else {
        return;
    };
    container.ready_at_ms = Some(ready);
    container.transfer = Transfer::default();
    match file {
        Ok(media) => {
            let late = container.thumb_offset > media.duration_ms;
            container.problem = checks::video(&media, container.shape)
                .err()
                .or((late && container.thumb_offset.is_some()).then_some(Problem::ThumbOffset));
            container.media = Some(media);
        }
        Err(problem) => container.problem = Some(problem),
    }
}
