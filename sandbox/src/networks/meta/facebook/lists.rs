//! Lists of a page's posts, in pages.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::super::{Graph, auth, error::GraphError, params, params::Params, route::At};
use super::{post, state::Visibility};
use crate::networks::{answer::Answer, kinds::Network};

const PARAMS: [&str; 9] = [
    "limit",
    "after",
    "before",
    "since",
    "until",
    "include_hidden",
    "show_expired",
    "with",
    "order",
];

/// `GET /{page}/published_posts`, `/feed` and `/posts`: what people see, newest first.
pub fn published(at: &At<'_>, edge: &str) -> Graph {
    let asked = Asked::read(at)?;
    let state = at.networks.state();
    let (since, until) = (asked.params.time("since")?, asked.params.time("until")?);
    let before: u64 = asked.after.unwrap_or(u64::MAX);
    let mut posts = state
        .listed(Network::Facebook, at.account, at.call)
        .filter(|post| !post.kind.ends_with("_story") && post.seq < before)
        .filter(|post| until.is_none_or(|until| post.accepted_at <= until))
        .filter(|post| since.is_none_or(|since| post.accepted_at >= since));
    let shown: Vec<_> = posts.by_ref().take(asked.limit).collect();
    let more = posts.next().is_some();
    let nodes = shown
        .iter()
        .map(|post| post::node(&state, at.networks, &post.id, asked.wanted.as_deref()))
        .collect::<Result<Vec<_>, _>>()?;
    let cursors = shown
        .first()
        .zip(shown.last())
        .map(|(first, last)| (first.seq, last.seq));
    Ok(asked.answer(at, edge, nodes, cursors, more))
}

/// `GET /{page}/scheduled_posts`: what people will see, soonest first.
pub fn scheduled(at: &At<'_>) -> Graph {
    let asked = Asked::read(at)?;
    let state = at.networks.state();
    let skip = asked.after.unwrap_or(0) as usize;
    let posts = &state.meta.facebook.posts;
    let mut waiting = state
        .meta
        .facebook
        .scheduled
        .iter()
        .filter_map(|(_, id)| posts.get(id))
        .filter(|post| post.page == at.account)
        .filter(|post| matches!(post.visibility, Visibility::Scheduled(_)))
        .skip(skip);
    let nodes = waiting
        .by_ref()
        .take(asked.limit)
        .map(|post| post::node(&state, at.networks, &post.id, asked.wanted.as_deref()))
        .collect::<Result<Vec<_>, _>>()?;
    let more = waiting.next().is_some();
    let end = (skip + nodes.len()) as u64;
    let cursors = (!nodes.is_empty()).then_some((skip as u64, end));
    Ok(asked.answer(at, "scheduled_posts", nodes, cursors, more))
}

/// A checked wish for a list.
struct Asked {
    params: Params,
    limit: usize,
    after: Option<u64>,
    wanted: Option<String>,
}

impl Asked {
    fn read(at: &At<'_>) -> Result<Self, GraphError> {
        let params = params(at.call, &PARAMS)?;
        auth::page_token(&at.bearer, at.account)?;
        auth::scope(&at.bearer, "pages_read_engagement")?;
        let limit = params.number("limit")?.unwrap_or(25);
        if limit > 100 {
            return Err(GraphError::param("Please reduce the limit: at most 100"));
        }
        let after = params
            .text("after")?
            .map(|cursor| read_cursor(&cursor))
            .transpose()?;
        let wanted = params.text("fields")?;
        Ok(Self {
            limit: limit.max(1) as usize,
            after,
            wanted,
            params,
        })
    }

    fn answer(
        &self,
        at: &At<'_>,
        edge: &str,
        nodes: Vec<Value>,
        cursors: Option<(u64, u64)>,
        more: bool,
    ) -> Answer {
        let mut body = json!({ "data": nodes });
        if let Some((first, last)) = cursors {
            let (first, last) = (cursor(first), cursor(last));
            body["paging"] = json!({ "cursors": { "before": first, "after": last } });
            if more {
                body["paging"]["next"] = self.next(at, edge, &last).into();
            }
        }
        Answer::json(200, &body)
    }

    /// The same call behind the cursor, with the token as the Graph repeats it.
    fn next(&self, at: &At<'_>, edge: &str, after: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in at.call.query.iter().filter(|(name, _)| name != "after") {
            query.append_pair(name, value);
        }
        if at.call.query("access_token").is_none() {
            query.append_pair(
                "access_token",
                &self.params.token(at.call).unwrap_or_default(),
            );
        }
        query.append_pair("after", after);
        let path = format!("v26.0/{}/{edge}?{}", at.account, query.finish());
        at.networks.url("graph.facebook.com", &path)
    }
}

fn cursor(at: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(at.to_string())
}

fn read_cursor(cursor: &str) -> Result<u64, GraphError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| GraphError::param("Invalid cursors values"))
}
