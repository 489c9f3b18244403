//! What the timeline keeps of a request and its answer: enough to see what happened, never a token, the
//! words of a post or a person's data. Pure.
//!
//! By a list of what may be kept, not of what may not: a field that a network adds tomorrow is shown by its
//! size alone.

use bytes::Bytes;
use posthaste_core::ports::{Body, PartBody, Request, Response};
use serde_json::{Map, Value, json};

/// Fields whose values are ids, states and settings of a call.
const PLAIN: &[&str] = &[
    "board_id",
    "board_section_id",
    "children",
    "command",
    "creation_id",
    "end_offset",
    "end_time",
    "error_subcode",
    "fbtrace_id",
    "fields",
    "file_size",
    "id",
    "ids",
    "is_carousel_item",
    "limit",
    "max_results",
    "media_category",
    "media_fbid",
    "media_id",
    "media_ids",
    "media_key",
    "media_type",
    "photo_id",
    "post.fields",
    "post_id",
    "publish_status",
    "published",
    "segment_index",
    "share_to_feed",
    "size",
    "slug",
    "source_type",
    "start_offset",
    "start_time",
    "state",
    "status",
    "status_code",
    "total_bytes",
    "trace_id",
    "upload_phase",
    "upload_session_id",
    "user.fields",
    "video_id",
    "video_state",
    "video_status",
    "x-request-id",
];

/// Fields in which a network says why it refused; elsewhere they are the words of a post.
const WORDS: &[&str] = &[
    "code",
    "detail",
    "error",
    "error_description",
    "error_user_msg",
    "error_user_title",
    "message",
    "reason",
    "title",
    "type",
];

/// What the name of a field that holds a secret has in it.
const SECRET: &[&str] = &[
    "assertion",
    "credential",
    "password",
    "policy",
    "proof",
    "secret",
    "signature",
    "token",
    "verifier",
];

/// Headers in which networks name a request, for their support.
const REQUEST_IDS: &[&str] = &[
    "x-transaction-id",
    "x-request-id",
    "x-fb-trace-id",
    "x-fb-request-id",
    "x-pinterest-rid",
];

/// Longest excerpt of a network's words, in characters.
const LONGEST_WORDS: usize = 300;
/// Longest id, state or address.
const LONGEST_PLAIN: usize = 200;
/// Values that are shown of one body, lists and objects among them.
const MOST_VALUES: usize = 60;
/// Items that are shown of one list.
const MOST_ITEMS: usize = 3;
/// How deep a body is looked into.
const DEEPEST: usize = 6;
/// A longer answer is not looked into.
const LONGEST_BODY: usize = 64 * 1024;
/// A run of letters and digits as long as this is taken for a token.
const TOKEN: usize = 20;

/// What must not be shown although a network may quote it: the secrets that a request carries.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub fn of(request: &Request) -> Self {
        let mut found: Vec<String> = Vec::new();
        for (name, value) in &request.headers {
            if name.eq_ignore_ascii_case("authorization") || is_secret(name) {
                // Without its scheme.
                let secret = value
                    .split_once(' ')
                    .map_or(value.as_str(), |(_, rest)| rest);
                found.push(secret.to_owned());
            }
        }
        let form: &[(String, String)] = match &request.body {
            Body::Form(fields) => fields,
            _ => &[],
        };
        let named = request.query.iter().chain(form);
        found.extend(
            named
                .filter(|(name, _)| is_secret(name))
                .map(|(_, value)| value.clone()),
        );
        match &request.body {
            Body::Json(value) => collect(value, false, &mut found),
            Body::Multipart(parts) => {
                for part in parts.iter().filter(|part| is_secret(&part.name)) {
                    if let PartBody::Bytes(bytes) = &part.body {
                        found.push(String::from_utf8_lossy(bytes).into_owned());
                    }
                }
            }
            _ => {}
        }
        found.retain(|secret| secret.len() >= 4);
        // What contains another one goes first.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(found)
    }

    /// The text without the secrets.
    pub fn hide(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // The code of a consent; those of errors stand in answers.
    name == "code"
        || !PLAIN.contains(&name.as_str()) && SECRET.iter().any(|part| name.contains(part))
}

fn collect(value: &Value, secret: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) if secret => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, secret || is_secret(name), found);
            }
        }
        _ => {}
    }
}

/// An address without its query and without a name and password in it.
pub(super) fn address(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return cut(&clean(url), LONGEST_PLAIN);
    };
    let (host, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let host = host.rsplit('@').next().unwrap_or_default();
    cut(&clean(&format!("{scheme}://{host}{path}")), LONGEST_PLAIN)
}

/// What was sent: query and body, field by field; empty when there was neither.
pub(super) fn sent(request: &Request, secrets: &Secrets) -> Value {
    let mut view = View::new(secrets, false);
    let mut told = Map::new();
    if !request.query.is_empty() {
        told.insert("query".to_owned(), view.pairs(&request.query));
    }
    match &request.body {
        Body::Empty => {}
        Body::Json(value) => {
            told.insert("json".to_owned(), view.show("", value, 0));
        }
        Body::Form(fields) => {
            told.insert("form".to_owned(), view.pairs(fields));
        }
        Body::Multipart(parts) => {
            let mut shown = Map::new();
            for part in parts.iter().take(MOST_VALUES) {
                let value = match &part.body {
                    PartBody::Bytes(bytes) if part.file_name.is_none() => {
                        match std::str::from_utf8(bytes) {
                            Ok(text) => view.text(&part.name, text),
                            Err(_) => in_bytes(bytes.len() as u64),
                        }
                    }
                    body => in_bytes(length(body)),
                };
                shown.insert(view.name(&part.name), value);
            }
            told.insert("parts".to_owned(), Value::Object(shown));
        }
        Body::Stream(body) => {
            told.insert("body".to_owned(), in_bytes(length(body)));
        }
        Body::RawJson(bytes) => {
            told.insert("body".to_owned(), in_bytes(bytes.len() as u64));
        }
    }
    Value::Object(told)
}

/// What was answered: the fields of a JSON body, only the size of anything else.
pub(super) fn answered(response: &Response, secrets: &Secrets) -> Value {
    let size = || in_bytes(response.body.len() as u64);
    if response.body.len() > LONGEST_BODY {
        return size();
    }
    match response.json() {
        Value::Null => size(),
        body => View::new(secrets, response.status >= 400).show("", &body, 0),
    }
}

/// The network's id of the request, for its support.
pub(super) fn request_id(response: &Response, secrets: &Secrets) -> Option<String> {
    let id = REQUEST_IDS.iter().find_map(|name| response.header(name))?;
    Some(cut(&secrets.hide(&clean(id)), LONGEST_PLAIN))
}

/// What an answer's headers say about limits.
pub(super) fn limits(response: &Response, secrets: &Secrets) -> Value {
    let about_limits = |name: &str| {
        let of_network = name.starts_with("x-");
        name == "retry-after" || of_network && (name.contains("limit") || name.contains("usage"))
    };
    let headers = response
        .headers
        .iter()
        .filter(|(name, _)| about_limits(name))
        .take(MOST_VALUES);
    let shown = headers.map(|(name, value)| {
        let value = cut(&secrets.hide(&clean(value)), LONGEST_PLAIN);
        (clean(name), Value::String(value))
    });
    Value::Object(shown.collect())
}

fn length(body: &PartBody) -> u64 {
    match body {
        PartBody::Bytes(bytes) => bytes.len() as u64,
        PartBody::Stream { len, .. } => *len,
    }
}

fn in_bytes(count: u64) -> Value {
    json!(format!("{count} bytes"))
}

/// A body as it is shown.
struct View<'a> {
    secrets: &'a Secrets,
    /// It says why something was refused.
    refusal: bool,
    /// How many values may still be shown.
    left: usize,
}

impl<'a> View<'a> {
    fn new(secrets: &'a Secrets, refusal: bool) -> Self {
        Self {
            secrets,
            refusal,
            left: MOST_VALUES,
        }
    }

    fn pairs(&self, pairs: &[(String, String)]) -> Value {
        let mut shown = Map::new();
        for (name, value) in pairs.iter().take(MOST_VALUES) {
            let value = self.text(name, value);
            shown.insert(self.name(name), value);
        }
        Value::Object(shown)
    }

    /// The name of a field, which a network may choose.
    fn name(&self, name: &str) -> String {
        cut(&words(&self.secrets.hide(name)), 60)
    }

    fn show(&mut self, name: &str, value: &Value, depth: usize) -> Value {
        if self.left == 0 || depth > DEEPEST {
            return json!("…");
        }
        self.left -= 1;
        match value {
            Value::Object(fields) => self.object(fields, depth),
            Value::Array(items) => self.list(name, items, depth),
            Value::String(text) => self.text(name, text),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn object(&mut self, fields: &Map<String, Value>, depth: usize) -> Value {
        let mut shown = Map::new();
        for (name, value) in fields {
            if self.left == 0 {
                shown.insert("…".to_owned(), json!("and more"));
                break;
            }
            let before = self.refusal;
            self.refusal |= matches!(name.as_str(), "error" | "errors");
            let value = self.show(name, value, depth + 1);
            self.refusal = before;
            shown.insert(self.name(name), value);
        }
        Value::Object(shown)
    }

    fn list(&mut self, name: &str, items: &[Value], depth: usize) -> Value {
        let mut shown: Vec<Value> = Vec::new();
        for item in items.iter().take(MOST_ITEMS) {
            shown.push(self.show(name, item, depth + 1));
        }
        if items.len() > MOST_ITEMS {
            shown.push(json!(format!("and {} more", items.len() - MOST_ITEMS)));
        }
        Value::Array(shown)
    }

    fn text(&self, name: &str, text: &str) -> Value {
        let shown = if text.is_empty() {
            String::new()
        } else if PLAIN.contains(&name) && is_plain(text) {
            self.secrets.hide(text)
        } else if self.refusal && (WORDS.contains(&name) || PLAIN.contains(&name)) {
            cut(&words(&self.secrets.hide(&clean(text))), LONGEST_WORDS)
        } else {
            format!("{} characters", text.chars().count())
        };
        json!(shown)
    }
}

/// Whether a value looks like an id, a state or a list of those.
fn is_plain(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.,:".contains(c);
    text.len() <= LONGEST_PLAIN && text.chars().all(fits)
}

/// A network's words without what looks like a token or an e-mail address.
fn words(text: &str) -> String {
    let in_run = |c: char| c.is_ascii_alphanumeric() || "_-+=|~%@.".contains(c);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if in_run(first) {
            rest.find(|c| !in_run(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (run, following) = rest.split_at(end);
        shown.push_str(if is_personal(run) { "…" } else { run });
        rest = following;
    }
    shown
}

fn is_personal(run: &str) -> bool {
    let has = |kind: fn(&char) -> bool| run.chars().any(|c| kind(&c));
    let is_token =
        run.len() >= TOKEN && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    let is_mail = run
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    is_token || is_mail
}

/// Text without control characters; line ends stay. PostgreSQL takes no NUL.
pub(super) fn clean(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    text.chars().map(shown).collect()
}

/// As [`clean`], for all texts of a value.
pub(super) fn clean_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(clean_value).collect()),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (clean(&name), clean_value(value)))
                .collect(),
        ),
        other => other,
    }
}

/// An answer's body without NUL, written as it is or escaped in JSON: no message, id or header that is
/// read from it can then be one that PostgreSQL does not take.
pub(super) fn without_nul(body: Bytes) -> Bytes {
    const ESCAPED: &[u8] = b"\\u0000";
    if !body.contains(&0) && !body.windows(ESCAPED.len()).any(|part| part == ESCAPED) {
        return body;
    }
    // A space that is escaped too: a backslash before it may itself be escaped.
    let text = String::from_utf8_lossy(&body);
    text.replace("\\u0000", "\\u0020").replace('\0', " ").into()
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
