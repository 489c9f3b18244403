//! Photos of a page, and photo stories.

use bytes::Bytes;
use serde_json::json;

use super::super::{
    Graph, auth, error::GraphError, fields, params, params::Params, route::At, success,
};
use super::{
    post, publish,
    state::{Photo, Visibility},
};
use crate::networks::{answer::Answer, fetch::FetchError, media::Media};

const PARAMS: [&str; 19] = [
    "url",
    "source",
    "message",
    "caption",
    "name",
    "published",
    "alt_text_custom",
    "scheduled_publish_time",
    "temporary",
    "no_story",
    "backdated_time",
    "backdated_time_granularity",
    "feed_targeting",
    "targeting",
    "place",
    "tags",
    "privacy",
    "unpublished_content_type",
    "allow_spherical_photo",
];
const FIELDS: [&str; 13] = [
    "id",
    "alt_text",
    "alt_text_custom",
    "created_time",
    "from",
    "height",
    "width",
    "images",
    "link",
    "name",
    "page_story_id",
    "picture",
    "updated_time",
];
/// Types Facebook takes.
const TYPES: [&str; 5] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/bmp",
    "image/tiff",
];

/// `POST /{page}/photos`.
pub async fn create(at: &At<'_>) -> Graph {
    let params = params(at.call, &PARAMS)?;
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_manage_posts")?;
    let message = params
        .text("message")?
        .or(params.text("caption")?)
        .or(params.text("name")?);
    publish::check_message(message.as_deref())?;
    let visibility = publish::visibility(&params, at.networks.now())?;
    let alt_text = params.text("alt_text_custom")?;
    let media = media(at, &params).await?;

    let mut state = at.networks.state();
    let id = publish::new_id(&mut state);
    let photo = Photo {
        page: at.account.into(),
        media,
        alt_text,
        name: message.clone(),
        created_at: at.networks.now(),
        post: None,
    };
    state.meta.facebook.photos.insert(id.clone(), photo);
    if visibility == Visibility::Draft {
        return Ok(Answer::json(200, &json!({ "id": id })));
    }
    let mut new = publish::new_post(at, &mut state, "photo", visibility);
    (new.message, new.photos) = (message, vec![id.clone()]);
    let post_id = new.id.clone();
    publish::store(&mut state, at.networks, new, at.call.lag_ms)?;
    let answer = Answer::json(200, &json!({ "id": id, "post_id": post_id }));
    Ok(if visibility == Visibility::Published {
        answer.accepted()
    } else {
        answer
    })
}

/// The photo by URL or as a file, checked.
async fn media(at: &At<'_>, params: &Params) -> Result<Media, GraphError> {
    let limit = at.networks.state().switches.facebook_photo_max_bytes;
    let too_large = || {
        let text =
            "(#100) Photos should be smaller than 4 MB and saved as JPG, PNG, GIF or TIFF files.";
        GraphError::new(100, Some(1_366_046), text)
    };
    let file = params.file("source").or_else(|| params.any_file());
    let media = match (params.text("url")?, file) {
        (Some(_), Some(_)) => return Err(GraphError::param("Give either url or source, not both")),
        (Some(url), None) => at
            .networks
            .fetch(&url, limit)
            .await
            .map_err(|error| match error {
                FetchError::TooLarge => too_large(),
                error => unreachable(&error),
            })?,
        (None, Some(bytes)) => keep(at, bytes, limit).ok_or_else(too_large)?,
        (None, None) => {
            return Err(GraphError::new(324, None, "(#324) Requires upload file"));
        }
    };
    if !media.readable || !TYPES.contains(&media.content_type.as_str()) {
        return Err(GraphError::new(
            100,
            Some(2_069_019),
            "(#100) Your photos couldn't be uploaded. Photos should be saved as JPG, PNG, GIF or TIFF files.",
        ));
    }
    Ok(media)
}

/// Meta could not get the file.
pub fn unreachable(error: &FetchError) -> GraphError {
    let why = match error {
        FetchError::BadUrl => "it is no public URL".to_owned(),
        FetchError::Unreachable(why) => why.clone(),
        FetchError::TooSlow => "it took too long".into(),
        FetchError::TooLarge => "the file is too large".into(),
    };
    GraphError::new(
        324,
        None,
        format!("(#324) Missing or invalid image file: {why}"),
    )
}

fn keep(at: &At<'_>, bytes: Bytes, limit: u64) -> Option<Media> {
    (bytes.len() as u64 <= limit).then(|| at.networks.keep(&bytes))
}

/// `POST /{page}/photo_stories`: an uploaded photo becomes a story.
pub fn story(at: &At<'_>) -> Graph {
    let params = params(at.call, &["photo_id"])?;
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_manage_posts")?;
    let photo_id = params.required("photo_id")?;
    let mut state = at.networks.state();
    let photo = state
        .meta
        .facebook
        .photos
        .get(&photo_id)
        .filter(|p| p.page == at.account);
    match photo {
        None => return Err(GraphError::param(format!("Invalid photo_id: {photo_id}"))),
        Some(photo) if photo.post.is_some() => {
            return Err(GraphError::new(
                100,
                Some(1_366_051),
                "(#100) The photo was already posted",
            ));
        }
        Some(_) => {}
    }
    let mut new = publish::new_post(at, &mut state, "photo_story", Visibility::Published);
    new.photos = vec![photo_id];
    let post_id = new.id.clone();
    publish::store(&mut state, at.networks, new, at.call.lag_ms)?;
    Ok(Answer::json(200, &json!({ "success": true, "post_id": post_id })).accepted())
}

/// `GET /{photo}`.
pub fn read(at: &At<'_>) -> Graph {
    let params = params(at.call, &[])?;
    auth::page_token(&at.bearer, at.account)?;
    let wanted = params.text("fields")?;
    let state = at.networks.state();
    let photo = state
        .meta
        .facebook
        .photos
        .get(at.id)
        .ok_or_else(|| at.no_object())?;
    let picture = format!("{}/media/{}", at.networks.public_url(), photo.media.sha256);
    let node = json!({
        "id": at.id,
        "alt_text": photo.alt_text,
        "alt_text_custom": photo.alt_text,
        "created_time": post::graph_time(photo.created_at),
        "updated_time": post::graph_time(photo.created_at),
        "from": { "id": photo.page },
        "width": photo.media.width,
        "height": photo.media.height,
        "images": [{
            "source": picture, "width": photo.media.width, "height": photo.media.height,
        }],
        "link": at.networks.url("www.facebook.com", &format!("photo/{}", at.id)),
        "name": photo.name,
        "page_story_id": photo.post,
        "picture": picture,
    });
    fields::select(
        &node,
        "Photo",
        &FIELDS,
        &["created_time", "name", "id"],
        wanted.as_deref(),
    )
    .map(|node| Answer::json(200, &node))
}

/// `DELETE /{photo}`: with the post that shows only this photo.
pub fn delete(at: &At<'_>) -> Graph {
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_manage_posts")?;
    let mut state = at.networks.state();
    let photo = state
        .meta
        .facebook
        .photos
        .remove(at.id)
        .ok_or_else(|| at.no_object())?;
    let alone = photo.post.filter(|id| {
        state
            .meta
            .facebook
            .posts
            .get(id)
            .is_some_and(|post| post.photos.len() == 1)
    });
    if let Some(post) = alone {
        post::remove(at, &mut state, &post);
    }
    Ok(success())
}
