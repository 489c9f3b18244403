//! The own user, posts by id, posts of an account.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::super::{answer::Answer, kinds::Network, log::Post as Logged};
use super::{
    Reply,
    auth::At,
    body::{check_id, is_id},
    node,
    problem::{Problem, missing},
    query,
};

const SCOPES: [&str; 2] = ["tweet.read", "users.read"];
/// Most ids of one call.
const MAX_IDS: usize = 100;

/// `GET /2/users/me`.
pub fn me(at: &At<'_>) -> Reply {
    at.needs(&SCOPES)?;
    let fields = query::read(at.call, &[])?;
    let user = node::user(at.networks, &at.account, &fields.user);
    Ok(Answer::json(200, &json!({ "data": user })))
}

/// `GET /2/tweets/{id}`: 200 with `errors` when there is none.
pub fn by_id(at: &At<'_>, id: &str) -> Reply {
    at.needs(&SCOPES)?;
    let fields = query::read(at.call, &[])?;
    check_id("id", id)?;
    let now = at.networks.now();
    let state = at.networks.state();
    let found = state.readable(Network::X, id, at.call);
    let body = match found.and_then(|post| Some((post, node::post(&state, post, &fields, now)?))) {
        Some((post, node)) => {
            let includes = node::includes(&state, at.networks, &[post], &fields);
            with("includes", includes, json!({ "data": node }))
        }
        None => json!({ "errors": [missing("tweet", "id", id)] }),
    };
    Ok(Answer::json(200, &body))
}

/// `GET /2/tweets?ids=`.
pub fn by_ids(at: &At<'_>) -> Reply {
    at.needs(&SCOPES)?;
    let fields = query::read(at.call, &["ids"])?;
    let text = at.call.query("ids").unwrap_or_default();
    let ids: Vec<&str> = text.split(',').collect();
    if ids.len() > MAX_IDS || !ids.iter().all(|id| is_id(id)) {
        let why = format!("The `ids` query parameter must hold 1 to {MAX_IDS} ids");
        return Err(Problem::invalid("ids", text, why));
    }
    let now = at.networks.now();
    let state = at.networks.state();
    let (mut found, mut data, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let post = state.readable(Network::X, id, at.call);
        match post.and_then(|post| Some((post, node::post(&state, post, &fields, now)?))) {
            Some((post, node)) => {
                found.push(post);
                data.push(node);
            }
            None => errors.push(missing("tweet", "ids", id)),
        }
    }
    let body = with("data", filled(data), json!({}));
    let body = with("errors", filled(errors), body);
    let includes = node::includes(&state, at.networks, &found, &fields);
    Ok(Answer::json(200, &with("includes", includes, body)))
}

/// `GET /2/users/{id}/tweets`, newest first.
pub fn timeline(at: &At<'_>, user: &str) -> Reply {
    at.needs(&SCOPES)?;
    let own = [
        "max_results",
        "pagination_token",
        "since_id",
        "until_id",
        "start_time",
        "end_time",
        "exclude",
    ];
    let fields = query::read(at.call, &own)?;
    check_id("id", user)?;
    let page = Page::read(at)?;
    let now = at.networks.now();
    let state = at.networks.state();
    if state.accounts.get(Network::X, user).is_none() {
        let body = json!({ "errors": [missing("user", "id", user)] });
        return Ok(Answer::json(200, &body));
    }
    let posts = state.listed(Network::X, user, at.call);
    let mut found: Vec<&Logged> = posts
        .take_while(|post| number(&post.id) > page.since)
        .filter(|post| {
            page.wants(
                post,
                state
                    .x
                    .posts
                    .get(&post.id)
                    .is_some_and(|p| p.reply_to.is_some()),
            )
        })
        .take(page.size + 1)
        .collect();
    let more = found.len() > page.size;
    found.truncate(page.size);
    let mut meta = json!({ "result_count": found.len() });
    if let (Some(newest), Some(oldest)) = (found.first(), found.last()) {
        meta["newest_id"] = newest.id.clone().into();
        meta["oldest_id"] = oldest.id.clone().into();
        if more {
            meta["next_token"] = token_before(&oldest.id).into();
        }
    }
    let data: Vec<_> = found
        .iter()
        .filter_map(|post| node::post(&state, post, &fields, now))
        .collect();
    let body = with("data", filled(data), json!({ "meta": meta }));
    let includes = node::includes(&state, at.networks, &found, &fields);
    Ok(Answer::json(200, &with("includes", includes, body)))
}

/// Which part of a timeline.
struct Page {
    size: usize,
    /// Ids above this.
    since: u64,
    /// Ids below this.
    before: u64,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    replies: bool,
}

impl Page {
    fn read(at: &At<'_>) -> Result<Self, Problem> {
        let id = |name: &str| match at.call.query(name) {
            Some(value) => check_id(name, value).map(|()| Some(number(value))),
            None => Ok(None),
        };
        let token = at.call.query("pagination_token");
        let from_token = token.map(read_token).transpose()?;
        let until = id("until_id")?.unwrap_or(u64::MAX);
        let exclude = query::list(at.call, "exclude", &["replies", "retweets"])?;
        Ok(Self {
            size: size(at)?,
            since: id("since_id")?.unwrap_or(0),
            before: from_token.unwrap_or(u64::MAX).min(until),
            start: instant(at, "start_time")?,
            end: instant(at, "end_time")?,
            replies: !exclude.contains("replies"),
        })
    }

    fn wants(&self, post: &Logged, is_reply: bool) -> bool {
        number(&post.id) < self.before
            && self.start.is_none_or(|start| post.accepted_at >= start)
            && self.end.is_none_or(|end| post.accepted_at < end)
            && (self.replies || !is_reply)
    }
}

fn size(at: &At<'_>) -> Result<usize, Problem> {
    let Some(text) = at.call.query("max_results") else {
        return Ok(10);
    };
    let size = text.parse().ok().filter(|size| (5..=100).contains(size));
    size.ok_or_else(|| {
        let why =
            format!("The `max_results` query parameter value [{text}] is not between 5 and 100");
        Problem::invalid("max_results", text, why)
    })
}

/// A time in RFC 3339.
fn instant(at: &At<'_>, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = at.call.query(name) else {
        return Ok(None);
    };
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| {
        let why = format!("The `{name}` query parameter value [{text}] is not a date-time");
        Problem::invalid(name, text, why)
    })?;
    Ok(Some(time.with_timezone(&Utc)))
}

fn token_before(id: &str) -> String {
    format!("7140x{:x}", number(id))
}

fn read_token(token: &str) -> Result<u64, Problem> {
    let id = token
        .strip_prefix("7140x")
        .and_then(|hex| u64::from_str_radix(hex, 16).ok());
    id.ok_or_else(|| {
        let why = format!("The `pagination_token` query parameter value [{token}] is not valid");
        Problem::invalid("pagination_token", token, why)
    })
}

fn number(id: &str) -> u64 {
    id.parse().unwrap_or(0)
}

fn filled(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then(|| items.into())
}

fn with(name: &str, value: Option<Value>, mut body: Value) -> Value {
    if let Some(value) = value {
        body[name] = value;
    }
    body
}
