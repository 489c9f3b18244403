//! `POST /{ig}/media_publish`, the one call that makes a post visible, and its quota.

use serde_json::json;

use super::super::{Graph, error::GraphError, fields, params, route::At};
use super::{
    Right, allowed,
    error::Problem,
    state::{Container, FIRST_ID, Published, Shape, Status, last_day, shortcode},
};
use crate::networks::{
    accounts::Account,
    answer::Answer,
    kinds::Network,
    log::{NewPost, PostMedia},
    state::{State as Whole, post_media},
    switches::IgSecondPublish,
};

/// Publishes a container.
pub fn publish(at: &At<'_>) -> Graph {
    let params = params(at.call, &["creation_id"])?;
    allowed(at, Right::Publish)?;
    let creation_id = params.required("creation_id")?;
    let now = at.networks.now();
    let mut guard = at.networks.state();
    let state = &mut *guard;
    let container = state.meta.instagram.containers.get(&creation_id);
    let container = container
        .filter(|container| container.account == at.account && !container.is_item)
        .ok_or(Problem::ContainerNotFound)?
        .clone();
    match (
        container.status(now),
        state.switches.ig_second_publish,
        &container.published,
    ) {
        (Status::Published, IgSecondPublish::SameMedia, Some(media)) => {
            return Ok(Answer::json(200, &json!({ "id": media })));
        }
        (Status::Published, IgSecondPublish::Duplicate, _) | (Status::Finished, ..) => {}
        (Status::Published, ..) => return Err(Problem::MediaNotFound.into()),
        (Status::InProgress, ..) => return Err(Problem::NotReady.into()),
        (Status::Error, ..) => return Err(container.problem.unwrap_or(Problem::Upload).into()),
        (Status::Expired, ..) => return Err(Problem::ContainerNotFound.into()),
    }
    let quota = state.switches.quota_total as usize;
    let enforced = state.switches.rate_limits.enabled;
    let times = state
        .meta
        .instagram
        .published
        .entry(at.account.into())
        .or_default();
    if enforced && last_day(times, now) >= quota {
        return Err(Problem::Quota.into());
    }
    times.push_back(now);
    let id = show(at, state, &container)?;
    if let Some(container) = state.meta.instagram.containers.get_mut(&creation_id) {
        container.published.get_or_insert_with(|| id.clone());
    }
    Ok(Answer::json(200, &json!({ "id": id })).accepted())
}

/// Makes the media and writes the log; the media's id.
fn show(at: &At<'_>, state: &mut Whole, container: &Container) -> Result<String, GraphError> {
    let account = state.accounts.get(Network::Instagram, at.account).cloned();
    let account = account.ok_or_else(|| at.no_object())?;
    let number = FIRST_ID + state.next_id();
    let (id, shortcode) = (number.to_string(), shortcode(number));
    let children: Vec<String> = container
        .children
        .iter()
        .map(|_| (FIRST_ID + state.next_id()).to_string())
        .collect();
    let new = NewPost {
        network: Network::Instagram,
        account: account.reference(),
        url: permalink(at, &account, container.shape, &id, &shortcode),
        id: id.clone(),
        kind: kind(container),
        text: container.caption.clone(),
        title: None,
        link: None,
        board: None,
        media: media(at, state, container),
        lag_ms: 0,
    };
    state.accept(new, at.call.lag_ms, at.networks.now());
    let published = Published {
        account: at.account.into(),
        shape: container.shape,
        shortcode,
        children,
        share_to_feed: container.share_to_feed,
        comments_enabled: true,
    };
    state.meta.instagram.media.insert(id.clone(), published);
    Ok(id)
}

fn kind(container: &Container) -> &'static str {
    match container.shape {
        Shape::Image => "image",
        Shape::Video => "video",
        Shape::Reel => "reel",
        Shape::Story => "story",
        Shape::Carousel => "carousel",
    }
}

fn permalink(at: &At<'_>, account: &Account, shape: Shape, id: &str, code: &str) -> String {
    let path = match shape {
        Shape::Reel => format!("reel/{code}/"),
        Shape::Story => format!("stories/{}/{id}", account.username),
        _ => format!("p/{code}/"),
    };
    at.networks.url("www.instagram.com", &path)
}

fn media(at: &At<'_>, state: &Whole, container: &Container) -> Vec<PostMedia> {
    let containers = &state.meta.instagram.containers;
    let parts = container
        .children
        .iter()
        .filter_map(|id| containers.get(id));
    std::iter::once(container)
        .chain(parts)
        .filter_map(|part| {
            let media = part.media.as_ref()?;
            Some(post_media(
                at.networks.public_url(),
                media,
                part.alt_text.clone(),
            ))
        })
        .collect()
}

/// `GET /{ig}/content_publishing_limit`.
pub fn limit(at: &At<'_>) -> Graph {
    let params = params(at.call, &["since"])?;
    allowed(at, Right::Publish)?;
    let wanted = params.text("fields")?;
    let now = at.networks.now();
    let mut state = at.networks.state();
    let total = state.switches.quota_total;
    let times = state
        .meta
        .instagram
        .published
        .entry(at.account.into())
        .or_default();
    let node = json!({
        "quota_usage": last_day(times, now),
        "config": { "quota_total": total, "quota_duration": 86_400 },
    });
    let known = ["quota_usage", "config"];
    fields::select(
        &node,
        "ContentPublishingLimit",
        &known,
        &["quota_usage"],
        wanted.as_deref(),
    )
    .map(|node| Answer::json(200, &json!({ "data": [node] })))
}
