//! Reads back what became of a post (networks.md, 1.7): by text, and by media where there is none.

use chrono::{SecondsFormat, TimeDelta};
use posthaste_core::{
    connector::{Ctx, Failure, Intent, Lookup, Published, Session},
    ports::Request,
};
use serde::Deserialize;

use super::{
    api::{self, Page, Post},
    media::Ready,
    text,
};
use crate::answer;

/// Clocks may differ by so much.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// At most so many pages of 100 posts; each post read costs money.
const MAX_PAGES: usize = 5;

/// Looks for the post that `intent` may have made; `sent` is its text.
pub async fn lookup(
    ctx: &Ctx,
    session: &Session,
    sent: &str,
    intent: &Intent,
) -> Result<Lookup, Failure> {
    let Some(posts) = recent(ctx, session, intent).await? else {
        return Ok(Lookup::CannotTell {
            reason: format!("There are more than {} recent posts on X.", MAX_PAGES * 100),
        });
    };
    let new = posts
        .into_iter()
        .filter(|post| !intent.known_ids.contains(&post.id))
        .collect();
    let Ready { media_ids } = Ready::deserialize(&intent.ready).unwrap_or_default();
    let found = matching(new, sent, &media_ids);
    if !found.is_empty() && media_ids.is_empty() && text::comparable(sent).is_empty() {
        return Ok(Lookup::CannotTell {
            reason: "A post of that time has no text to tell it by.".to_owned(),
        });
    }
    Ok(match found.as_slice() {
        [] => Lookup::Absent { proved: false },
        [post] => Lookup::Found(Published {
            remote_id: post.id.clone(),
            permalink: Some(api::permalink(ctx, session, &post.id)),
        }),
        several => Lookup::CannotTell {
            reason: format!("{} recent posts on X have this content.", several.len()),
        },
    })
}

/// Every post since the intent; `None` when there are too many.
async fn recent(
    ctx: &Ctx,
    session: &Session,
    intent: &Intent,
) -> Result<Option<Vec<Post>>, Failure> {
    let since = (intent.at - SKEW).to_rfc3339_opts(SecondsFormat::Secs, true);
    let first = Request::get(api::url(
        ctx,
        &format!("/users/{}/tweets", session.account_id),
    ))
    .query("max_results", "100")
    .query("start_time", since)
    .query("post.fields", "created_at,text,entities,attachments");
    let mut posts = Vec::new();
    let mut request = first.clone();
    for _ in 0..MAX_PAGES {
        let response = api::call(ctx, session, request).await?;
        let page: Page = answer::read(posthaste_core::Network::X, &response)?;
        posts.extend(page.data);
        match page.meta.next_token {
            Some(token) => request = first.clone().query("pagination_token", token),
            None => return Ok(Some(posts)),
        }
    }
    Ok(None)
}

/// Posts with the same text; the media decide where the text does not.
fn matching(posts: Vec<Post>, sent: &str, media_ids: &[String]) -> Vec<Post> {
    let wanted = text::comparable(sent);
    let same_text: Vec<Post> = posts
        .into_iter()
        .filter(|post| received(post) == wanted)
        .filter(|post| media_ids.is_empty() || !post.attachments.media_keys.is_empty())
        .collect();
    let needs_media = wanted.is_empty() || same_text.len() > 1;
    if !needs_media || media_ids.is_empty() {
        return same_text;
    }
    same_text
        .into_iter()
        .filter(|post| has_media(post, media_ids))
        .collect()
}

/// The post's text as it was sent: t.co links expanded, those for media left out.
fn received(post: &Post) -> String {
    let plain = text::unescape(&post.text);
    let links = post
        .entities
        .urls
        .iter()
        .filter(|link| !link.url.is_empty());
    let expanded = links.fold(plain, |plain, link| {
        let media =
            link.media_key.is_some() || is_media_page(link.expanded_url.as_deref(), &post.id);
        let instead = if media {
            ""
        } else {
            link.expanded_url.as_deref().unwrap_or(&link.url)
        };
        plain.replacen(&link.url, instead, 1)
    });
    text::comparable(&expanded)
}

fn is_media_page(url: Option<&str>, id: &str) -> bool {
    let page = format!("/status/{id}/");
    url.and_then(|url| url.split_once(&page))
        .is_some_and(|(_, rest)| rest.starts_with("photo/") || rest.starts_with("video/"))
}

/// A media key is a number for its type, an underscore and the id of the upload.
fn has_media(post: &Post, media_ids: &[String]) -> bool {
    let keys = &post.attachments.media_keys;
    keys.len() == media_ids.len()
        && keys.iter().all(|key| {
            let id = key.rsplit('_').next().unwrap_or(key);
            media_ids.iter().any(|media_id| media_id == id)
        })
}
