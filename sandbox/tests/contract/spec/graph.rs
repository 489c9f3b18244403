//! Meta's Graph API: the edges, parameters and fields of `specs/meta.json`.
//!
//! A path names an object by its id only, so a request passes when it fits one kind of object.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Recorded;

static GRAPH: LazyLock<Graph> =
    LazyLock::new(|| serde_json::from_str(include_str!("../specs/meta.json")).unwrap());

#[derive(Deserialize)]
struct Graph {
    version: String,
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    fields: Vec<String>,
    /// By `METHOD /edge`.
    edges: BTreeMap<String, BTreeMap<String, Kind>>,
}

/// The type of a parameter: its name, or its values.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kind {
    Name(String),
    Values(Vec<String>),
}

/// What every Graph call takes (Graph API overview: tokens, fields, paging).
const EVERYWHERE: [&str; 10] = [
    "access_token",
    "appsecret_proof",
    "fields",
    "limit",
    "after",
    "before",
    "since",
    "until",
    "format",
    "pretty",
];
/// `/oauth/access_token` (Meta's pages "Manually build a login flow", "Long-lived tokens").
const TOKEN: [&str; 6] = [
    "client_id",
    "client_secret",
    "redirect_uri",
    "code",
    "grant_type",
    "fb_exchange_token",
];
/// What an edge lists or makes, for its fields.
const MADE_OF: [(&str, &str); 6] = [
    ("/accounts", "page"),
    ("/published_posts", "pagepost"),
    ("/feed", "pagepost"),
    ("/photos", "photo"),
    ("/media", "igmedia"),
    ("/media_publish", "igmedia"),
];
/// Files go as multipart parts, which the SDK does not list (page "Photos", "Video upload").
const FILES: [(&str, &str); 2] = [("POST /photos", "source"), ("POST /videos", "source")];

/// True for hosts of the Graph API and its uploads.
pub fn is_api(host: &str) -> bool {
    matches!(
        host,
        "graph.facebook.com" | "graph-video.facebook.com" | "rupload.facebook.com"
    )
}

/// What in `request` the Graph API does not know.
pub fn check(request: &Recorded) -> Vec<String> {
    let segments: Vec<_> = request.path.trim_start_matches('/').split('/').collect();
    let version = GRAPH.version.as_str();
    match (request.host, segments.as_slice()) {
        ("rupload.facebook.com", ["video-upload" | "ig-api-upload", v, id]) if *v == version => {
            unless(is_id(id), || format!("'{id}' is no id"))
        }
        ("rupload.facebook.com", _) => vec![format!("no such path: {}", request.path)],
        (_, [v, ..]) if *v != version => vec![format!("version {v} instead of {version}")],
        (_, [_, "oauth", "access_token"]) => unknown(parameters(request), &TOKEN),
        (_, [_, object]) => object_call(request, object, "/"),
        (_, [_, object, edge]) => object_call(request, object, &format!("/{edge}")),
        _ => vec![format!("no such path: {}", request.path)],
    }
}

fn unless(fine: bool, told: impl FnOnce() -> String) -> Vec<String> {
    if fine { Vec::new() } else { vec![told()] }
}

fn is_id(text: &str) -> bool {
    text == "me"
        || text
            .split('_')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

fn object_call(request: &Recorded, object: &str, edge: &str) -> Vec<String> {
    if !is_id(object) {
        return vec![format!("'{object}' is no id")];
    }
    let call = format!("{} {edge}", request.method);
    let fits = GRAPH
        .nodes
        .values()
        .filter_map(|node| Some((node, node.edges.get(&call)?)));
    let judged = fits.map(|(node, known)| judge(request, &call, edge, node, known));
    judged
        .min_by_key(Vec::len)
        .unwrap_or_else(|| vec![format!("no object has {call}")])
}

fn judge(
    request: &Recorded,
    call: &str,
    edge: &str,
    node: &Node,
    known: &BTreeMap<String, Kind>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in parameters(request) {
        let (plain, indexed) = match name.split_once('[') {
            Some((plain, _)) => (plain, true),
            None => (name.as_str(), false),
        };
        let fine = match known.get(plain) {
            Some(kind) => indexed || kind.accepts(value),
            None => EVERYWHERE.contains(&plain) || FILES.contains(&(call, plain)),
        };
        if !fine {
            found.push(format!("{call}: {name} = {value} is not known"));
        }
    }
    let made_of = MADE_OF.iter().find(|(made_by, _)| *made_by == edge);
    let fields = match made_of {
        Some((_, made)) => &GRAPH.nodes[*made].fields,
        None => &node.fields,
    };
    let wanted = parameters(request).find(|(name, _)| *name == "fields");
    let wanted = wanted
        .and_then(|(_, value)| value.as_str())
        .unwrap_or_default();
    for field in top_level(wanted) {
        if !fields.iter().any(|known| *known == field) {
            found.push(format!("{call}: field {field} is not known"));
        }
    }
    found
}

fn parameters<'a>(request: &'a Recorded) -> impl Iterator<Item = (&'a String, &'a Value)> {
    static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    let body: &'a Map<String, Value> = request.body.as_object().unwrap_or(&NONE);
    request.query.iter().chain(body)
}

fn unknown<'a>(
    given: impl Iterator<Item = (&'a String, &'a Value)>,
    known: &[&str],
) -> Vec<String> {
    given
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .map(|(name, _)| format!("{name} is not known"))
        .collect()
}

/// The names in `a,b{c,d},e.limit(3)` that stand outside brackets: a, b, e.
fn top_level(fields: &str) -> Vec<String> {
    let mut depth = 0;
    let mut names = vec![String::new()];
    for c in fields.chars() {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            c if depth == 0 => names.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    let plain = names
        .iter()
        .map(|name| name.split('.').next().unwrap_or_default().trim());
    plain
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

impl Kind {
    fn accepts(&self, value: &Value) -> bool {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let json: Option<Value> = serde_json::from_str(&text).ok();
        match self {
            Self::Values(values) => values.iter().any(|known| known.eq_ignore_ascii_case(&text)),
            Self::Name(name) => match name.as_str() {
                "bool" => matches!(text.as_str(), "true" | "false" | "1" | "0"),
                "unsigned int" => text.parse::<u64>().is_ok(),
                "int" => text.parse::<i64>().is_ok(),
                "float" => text.parse::<f64>().is_ok(),
                "map" | "Object" => json.is_some_and(|json| json.is_object()),
                // Meta's own examples write `children=1,2`.
                "list<string>" => json.is_none_or(|json| !json.is_object()),
                list if list.starts_with("list") => json.is_some_and(|json| json.is_array()),
                _ => true,
            },
        }
    }
}
