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

/// The type of a parameter: its name, its values, or those of a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kind {
    Name(String),
    Values(Vec<String>),
    List { list: Vec<String> },
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
/// What an object's edge lists or makes, for its fields; those of other edges are not described.
const MADE_OF: [(&str, &str, &str); 8] = [
    ("user", "/accounts", "page"),
    ("page", "/published_posts", "pagepost"),
    ("page", "/feed", "pagepost"),
    ("page", "/photos", "photo"),
    ("page", "/videos", "advideo"),
    ("iguser", "/media", "igmedia"),
    ("iguser", "/stories", "igmedia"),
    ("iguser", "/media_publish", "igmedia"),
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
        .iter()
        .filter_map(|(name, node)| Some((name, node.edges.get(&call)?)));
    let judged = fits.map(|(name, known)| {
        let mut found = unknown_parameters(request, &call, known);
        found.extend(unknown_fields(request, &call, fields_of(name, edge)));
        found
    });
    judged
        .min_by_key(Vec::len)
        .unwrap_or_else(|| vec![format!("no object has {call}")])
}

/// The fields of what an object's edge lists or makes.
fn fields_of(node: &str, edge: &str) -> Option<&'static Vec<String>> {
    let made = MADE_OF
        .iter()
        .find(|(owner, name, _)| (*owner, *name) == (node, edge))
        .map(|(_, _, made)| *made);
    let made = if edge == "/" { Some(node) } else { made };
    made.map(|made| &GRAPH.nodes[made].fields)
}

fn unknown_parameters(
    request: &Recorded,
    call: &str,
    known: &BTreeMap<String, Kind>,
) -> Vec<String> {
    let unknown = parameters(request).filter(|(name, value)| {
        let (plain, indexed) = match name.split_once('[') {
            Some((plain, _)) => (plain, true),
            None => (name.as_str(), false),
        };
        !known.get(plain).map_or_else(
            || EVERYWHERE.contains(&plain) || FILES.contains(&(call, plain)),
            |kind| indexed || kind.accepts(value),
        )
    });
    unknown
        .map(|(name, value)| format!("{call}: {name} = {value} is not known"))
        .collect()
}

fn unknown_fields(request: &Recorded, call: &str, known: Option<&Vec<String>>) -> Vec<String> {
    let Some(known) = known else {
        return Vec::new();
    };
    let wanted = parameters(request).find(|(name, _)| *name == "fields");
    let wanted = wanted
        .and_then(|(_, value)| value.as_str())
        .unwrap_or_default();
    top_level(wanted)
        .into_iter()
        .filter(|field| !known.contains(field))
        .map(|field| format!("{call}: field {field} is not known"))
        .collect()
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
            Self::List { list } => {
                let items = json.as_ref().and_then(Value::as_array);
                let known = |item: &Value| list.iter().any(|known| item == known.as_str());
                items.is_some_and(|items| items.iter().all(known))
            }
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
