//! `POST /{page}/feed`: text, link, several photos; now, later or as a draft.

use serde_json::{Value, json};

use super::super::{Graph, auth, error::GraphError, params, route::At};
use super::{post, publish, state::Visibility};
use crate::networks::{answer::Answer, state::State as Whole};

/// Parameters of the edge that are known; those without meaning here are accepted.
const PARAMS: [&str; 27] = [
    "message",
    "link",
    "published",
    "scheduled_publish_time",
    "attached_media",
    "actions",
    "backdated_time",
    "backdated_time_granularity",
    "call_to_action",
    "caption",
    "child_attachments",
    "description",
    "feed_targeting",
    "formatting",
    "is_explicit_share",
    "multi_share_end_card",
    "multi_share_optimized",
    "name",
    "object_attachment",
    "picture",
    "place",
    "privacy",
    "tags",
    "targeting",
    "thumbnail",
    "title",
    "unpublished_content_type",
];

/// Creates a post.
pub fn create(at: &At<'_>) -> Graph {
    let params = params(at.call, &PARAMS)?;
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_manage_posts")?;
    let message = params.text("message")?;
    let link = params.text("link")?;
    let attached = params.list("attached_media")?;
    if message.is_none() && link.is_none() && attached.is_empty() {
        return Err(GraphError::param(
            "At least one of message, link, attached_media is required",
        ));
    }
    publish::check_message(message.as_deref())?;
    check_link(link.as_deref())?;
    let visibility = publish::visibility(&params, at.networks.now())?;
    let wanted = params.text("fields")?;

    let mut state = at.networks.state();
    let photos = attached_photos(at, &state, &attached)?;
    let mut new = publish::new_post(at, &mut state, "post", visibility);
    (new.message, new.link, new.photos) = (message, link, photos);
    let id = new.id.clone();
    publish::store(&mut state, at.networks, new, at.call.lag_ms)?;
    let body = match wanted {
        Some(fields) => post::node(&state, at.networks, &id, Some(&fields))?,
        None => json!({ "id": id }),
    };
    let answer = Answer::json(200, &body);
    Ok(if visibility == Visibility::Published {
        answer.accepted()
    } else {
        answer
    })
}

fn check_link(link: Option<&str>) -> Result<(), GraphError> {
    let Some(link) = link else { return Ok(()) };
    let parsed = url::Url::parse(link)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    match parsed.as_ref().and_then(url::Url::host_str) {
        None => Err(GraphError::new(
            100,
            Some(2_061_006),
            "(#100) link URL is not properly formatted",
        )),
        Some("facebook.com" | "www.facebook.com") => Err(GraphError::new(
            100,
            Some(1_609_008),
            "(#100) You can't post Facebook.com links",
        )),
        Some(_) => Ok(()),
    }
}

/// Ids of the attached photos: unpublished, of this page, not used before, at most a day old.
fn attached_photos(
    at: &At<'_>,
    state: &Whole,
    attached: &[Value],
) -> Result<Vec<String>, GraphError> {
    let now = at.networks.now();
    attached
        .iter()
        .map(|item| {
            let id = match item.get("media_fbid") {
                Some(Value::String(id)) => id.clone(),
                Some(Value::Number(id)) => id.to_string(),
                _ => return Err(GraphError::param("Param attached_media needs media_fbid")),
            };
            let photo = state.meta.facebook.photos.get(&id).filter(|photo| {
                photo.page == at.account && (now - photo.created_at).num_hours() < 24
            });
            match photo {
                None => Err(GraphError::param(format!(
                    "Invalid attached_media: no photo {id}"
                ))),
                Some(photo) if photo.post.is_some() => Err(GraphError::new(
                    100,
                    Some(1_366_051),
                    "(#100) These photos were already posted.",
                )),
                Some(_) => Ok(id),
            }
        })
        .collect()
}
