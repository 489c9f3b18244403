//! A page's post: reading, changing, removing.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::{Graph, auth, error::GraphError, fields, params, route::At, success};
use super::{
    publish,
    state::{Photo, Post, Visibility},
};
use crate::networks::{
    Networks, answer::Answer, clock::Clock, kinds::Network, state::State as Whole,
};

/// Fields of a post (v26).
pub const FIELDS: [&str; 18] = [
    "id",
    "message",
    "story",
    "created_time",
    "updated_time",
    "permalink_url",
    "is_published",
    "is_hidden",
    "is_expired",
    "scheduled_publish_time",
    "status_type",
    "attachments",
    "full_picture",
    "from",
    "application",
    "shares",
    "promotable_id",
    "is_eligible_for_promotion",
];
/// Fields without a wish.
pub const DEFAULT: [&str; 3] = ["created_time", "message", "id"];

/// The Graph's way to write times.
pub fn graph_time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// `GET /{post}`.
pub fn read(at: &At<'_>) -> Graph {
    let params = params(at.call, &[])?;
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_read_engagement")?;
    let wanted = params.text("fields")?;
    let state = at.networks.state();
    let hidden = state.log.get(Network::Facebook, at.id).is_some_and(|post| {
        post.listed_from_ms > Clock::real_ms().saturating_sub(at.call.lag_ms as i64)
    });
    if hidden {
        return Err(at.no_object());
    }
    node(&state, at.networks, at.id, wanted.as_deref()).map(|node| Answer::json(200, &node))
}

/// `POST /{post}`: a new message, a new time, or publishing now; only for the creating app.
pub fn update(at: &At<'_>) -> Graph {
    let params = params(
        at.call,
        &[
            "message",
            "is_published",
            "is_hidden",
            "scheduled_publish_time",
            "timeline_visibility",
        ],
    )?;
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_manage_posts")?;
    let message = params.text("message")?;
    publish::check_message(message.as_deref())?;
    let now = at.networks.now();
    let time = params.time("scheduled_publish_time")?;
    let time = time.map(|time| publish::scheduled(time, now)).transpose()?;
    let publish_now = params.flag("is_published")? == Some(true);

    let mut guard = at.networks.state();
    let state = &mut *guard;
    let mut post = state
        .meta
        .facebook
        .posts
        .get(at.id)
        .cloned()
        .ok_or_else(|| at.no_object())?;
    if post.client_id != at.bearer.grant.client_id {
        return Err(GraphError::not_yours(
            "Only the app that created the post can change it",
        ));
    }
    if publish_now && !state.switches.facebook_two_phase {
        return Err(GraphError::param(
            "is_published cannot be changed on this post",
        ));
    }
    if let Visibility::Scheduled(old) = post.visibility {
        state
            .meta
            .facebook
            .scheduled
            .remove(&(old, post.id.clone()));
    }
    if let Some(message) = message {
        post.message = Some(message);
    }
    post.updated_at = now;
    let shows = publish_now && post.visibility != Visibility::Published;
    if shows {
        post.visibility = Visibility::Published;
        publish::show(state, at.networks, &post, at.call.lag_ms, 0);
    } else if let (Some(time), Visibility::Scheduled(_)) = (time, post.visibility) {
        post.visibility = time;
    }
    if let Some(logged) = state.log.get_mut(Network::Facebook, at.id) {
        logged.text.clone_from(&post.message);
    }
    publish::insert(state, post);
    Ok(if shows {
        success().accepted()
    } else {
        success()
    })
}

/// `DELETE /{post}`.
pub fn delete(at: &At<'_>) -> Graph {
    auth::page_token(&at.bearer, at.account)?;
    auth::scope(&at.bearer, "pages_manage_posts")?;
    remove(at, &mut at.networks.state(), at.id);
    Ok(success())
}

/// Removes a post everywhere.
pub fn remove(at: &At<'_>, state: &mut Whole, id: &str) {
    let facebook = &mut state.meta.facebook;
    if let Some(post) = facebook.posts.remove(id) {
        if let Visibility::Scheduled(time) = post.visibility {
            facebook.scheduled.remove(&(time, post.id));
        }
        for photo in post.photos {
            facebook.photos.remove(&photo);
        }
    }
    state.log.delete(Network::Facebook, id, at.networks.now());
}

/// A post as the Graph shows it.
pub fn node(
    state: &Whole,
    networks: &Networks,
    id: &str,
    wanted: Option<&str>,
) -> Result<Value, GraphError> {
    let post = state.meta.facebook.posts.get(id);
    let post = post.ok_or_else(|| GraphError::no_object("GET", id))?;
    fields::select(
        &full(state, networks, post),
        "PagePost",
        &FIELDS,
        &DEFAULT,
        wanted,
    )
}

fn full(state: &Whole, networks: &Networks, post: &Post) -> Value {
    let name = state
        .accounts
        .get(Network::Facebook, &post.page)
        .map(|page| page.name.clone());
    let photos: Vec<_> = post
        .photos
        .iter()
        .filter_map(|id| Some((id.as_str(), state.meta.facebook.photos.get(id)?)))
        .collect();
    let scheduled = match post.visibility {
        Visibility::Scheduled(time) => Some(time.timestamp()),
        _ => None,
    };
    json!({
        "id": post.id,
        "message": post.message,
        "created_time": graph_time(post.created_at),
        "updated_time": graph_time(post.updated_at),
        "permalink_url": post.url,
        "is_published": post.visibility == Visibility::Published,
        "is_hidden": false,
        "is_expired": false,
        "scheduled_publish_time": scheduled,
        "status_type": status_type(post),
        "attachments": attachments(networks, post, &photos),
        "full_picture": photos.first().map(|(_, photo)| picture_url(networks, photo)),
        "from": { "id": post.page, "name": name },
        "application": { "id": post.client_id, "name": post.client_id },
        "promotable_id": post.id,
        "is_eligible_for_promotion": true,
    })
}

fn status_type(post: &Post) -> &'static str {
    match post.kind.as_str() {
        "video" | "reel" | "video_story" => "added_video",
        _ if !post.photos.is_empty() => "added_photos",
        _ if post.link.is_some() => "shared_story",
        _ => "mobile_status_update",
    }
}

fn attachments(networks: &Networks, post: &Post, photos: &[(&str, &Photo)]) -> Value {
    let photo = |(id, photo): &(&str, &Photo)| {
        let url = networks.url("www.facebook.com", &format!("photo/{id}"));
        json!({
            "type": "photo",
            "description": photo.alt_text,
            "media": { "image": {
                "src": picture_url(networks, photo),
                "width": photo.media.width,
                "height": photo.media.height,
            } },
            "target": { "id": id, "url": url },
            "url": url,
        })
    };
    let data = match (&post.video, photos, &post.link) {
        (Some(video), ..) => vec![json!({
            "type": "video_inline",
            "target": { "id": video, "url": post.url },
            "url": post.url,
            "title": post.title,
        })],
        (None, [only], _) => vec![photo(only)],
        (None, [_, ..], _) => vec![json!({
            "type": "album",
            "url": post.url,
            "subattachments": { "data": photos.iter().map(photo).collect::<Vec<_>>() },
        })],
        (None, [], Some(link)) => vec![json!({
            "type": "share",
            "title": link,
            "target": { "url": link },
            "url": link,
            "unshimmed_url": link,
        })],
        (None, [], None) => return Value::Null,
    };
    json!({ "data": data })
}

fn picture_url(networks: &Networks, photo: &Photo) -> String {
    format!("{}/media/{}", networks.public_url(), photo.media.sha256)
}
