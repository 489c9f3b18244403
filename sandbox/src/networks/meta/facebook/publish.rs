//! Making a page's post visible, now or when its time has come.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::{error::GraphError, params::Params, refuse, route::At};
use super::state::{Post, Visibility};
use crate::networks::{
    Networks,
    kinds::Network,
    log::{NewPost, PostMedia},
    state::{State as Whole, post_media},
};

/// Longest message.
pub const MAX_MESSAGE: usize = 63_206;
/// Ids of Facebook objects start here.
const FIRST_ID: u64 = 122_000_000_000_000_000;

/// The next id of a photo, video, session or part of a post id.
pub fn new_id(state: &mut Whole) -> String {
    (FIRST_ID + state.next_id()).to_string()
}

/// A new post of the call's page, not stored yet.
pub fn new_post(at: &At<'_>, state: &mut Whole, kind: &str, visibility: Visibility) -> Post {
    let now = at.networks.now();
    let id = format!("{}_{}", at.account, new_id(state));
    Post {
        url: at.networks.url("www.facebook.com", &id),
        id,
        page: at.account.to_owned(),
        message: None,
        title: None,
        link: None,
        photos: Vec::new(),
        video: None,
        kind: kind.to_owned(),
        created_at: now,
        updated_at: now,
        visibility,
        client_id: at.bearer.grant.client_id.clone(),
    }
}

/// `published` and `scheduled_publish_time`: a time needs `published=false` and lies 10 minutes
/// to 30 days ahead.
pub fn visibility(params: &Params, now: DateTime<Utc>) -> Result<Visibility, GraphError> {
    let published = params.flag("published")?.unwrap_or(true);
    let Some(time) = params.time("scheduled_publish_time")? else {
        return Ok(if published {
            Visibility::Published
        } else {
            Visibility::Draft
        });
    };
    if published {
        return Err(GraphError::param(
            "You cannot specify a scheduled publish time on a published post",
        ));
    }
    scheduled(time, now)
}

/// A schedule time 10 minutes to 30 days ahead.
pub fn scheduled(time: DateTime<Utc>, now: DateTime<Utc>) -> Result<Visibility, GraphError> {
    let ahead = time - now;
    if ahead < TimeDelta::minutes(10) || ahead > TimeDelta::days(30) {
        return Err(GraphError::param(
            "The specified scheduled publish time is invalid: it must be between 10 minutes and \
             30 days from now",
        ));
    }
    Ok(Visibility::Scheduled(time))
}

/// Refuses a message that is too long.
pub fn check_message(message: Option<&str>) -> Result<(), GraphError> {
    if message.is_some_and(|m| m.chars().count() > MAX_MESSAGE) {
        return Err(GraphError::param(format!(
            "The message is longer than {MAX_MESSAGE}"
        )));
    }
    Ok(())
}

/// Stores a post; a published one becomes visible before this returns.
pub fn store(
    state: &mut Whole,
    networks: &Networks,
    post: Post,
    lag_ms: u64,
) -> Result<(), GraphError> {
    if post.visibility == Visibility::Published {
        refuse_repetition(state, &post)?;
        show(state, networks, &post, lag_ms, 0);
    }
    insert(state, post);
    Ok(())
}

/// Stores a post and notes when its time comes.
pub fn insert(state: &mut Whole, post: Post) {
    let facebook = &mut state.meta.facebook;
    if let Visibility::Scheduled(time) = post.visibility {
        facebook.scheduled.insert((time, post.id.clone()));
    }
    for photo in &post.photos {
        if let Some(photo) = facebook.photos.get_mut(photo) {
            photo.post = Some(post.id.clone());
        }
    }
    if let Some(video) = post
        .video
        .as_ref()
        .and_then(|id| facebook.videos.get_mut(id))
    {
        video.post = Some(post.id.clone());
    }
    facebook.posts.insert(post.id.clone(), post);
}

/// Writes a post to the log; `processing_ms` of real time pass before lists show it.
pub fn show(state: &mut Whole, networks: &Networks, post: &Post, lag_ms: u64, processing_ms: u64) {
    let account = state.accounts.get(Network::Facebook, &post.page);
    let Some(account) = account.map(crate::networks::accounts::Account::reference) else {
        return;
    };
    let new = NewPost {
        network: Network::Facebook,
        account,
        id: post.id.clone(),
        url: post.url.clone(),
        kind: kind(&post.kind),
        text: post.message.clone(),
        title: post.title.clone(),
        link: post.link.clone(),
        board: None,
        media: media(state, networks.public_url(), post),
        lag_ms: processing_ms,
    };
    state.accept(new, lag_ms, networks.now());
}

fn kind(kind: &str) -> &'static str {
    const KINDS: [&str; 6] = [
        "post",
        "photo",
        "video",
        "reel",
        "photo_story",
        "video_story",
    ];
    KINDS.into_iter().find(|k| *k == kind).unwrap_or("post")
}

fn media(state: &Whole, public_url: &str, post: &Post) -> Vec<PostMedia> {
    let facebook = &state.meta.facebook;
    let photos = post
        .photos
        .iter()
        .filter_map(|id| facebook.photos.get(id))
        .map(|photo| post_media(public_url, &photo.media, photo.alt_text.clone()));
    let video = post
        .video
        .iter()
        .filter_map(|id| facebook.videos.get(id)?.media.as_ref())
        .map(|media| post_media(public_url, media, None));
    photos.chain(video).collect()
}

/// 506 for a post that equals the page's newest one. Stories, photos and videos may repeat.
fn refuse_repetition(state: &Whole, post: &Post) -> Result<(), GraphError> {
    if !state.switches.facebook_refuse_consecutive_duplicate || post.kind != "post" {
        return Ok(());
    }
    let newest = state.log.newest(Network::Facebook, &post.page);
    let previous = newest
        .filter(|newest| newest.deleted_at.is_none())
        .and_then(|newest| state.meta.facebook.posts.get(&newest.id));
    let same = previous.is_some_and(|previous| {
        previous.kind == "post"
            && (&previous.message, &previous.link, &previous.photos)
                == (&post.message, &post.link, &post.photos)
    });
    if same {
        Err(refuse::duplicate())
    } else {
        Ok(())
    }
}

/// Makes scheduled posts visible whose time has come.
pub fn publish_due(networks: &Networks) {
    let now = networks.now();
    let mut state = networks.state();
    while let Some((time, id)) = state.meta.facebook.scheduled.first().cloned() {
        if time > now {
            break;
        }
        state.meta.facebook.scheduled.pop_first();
        let Some(post) = state.meta.facebook.posts.get_mut(&id) else {
            continue;
        };
        post.visibility = Visibility::Published;
        let post = post.clone();
        show(&mut state, networks, &post, 0, 0);
    }
}
