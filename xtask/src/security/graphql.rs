//! What hostile documents and requests come to.

use serde_json::json;

use super::{
    Ground, Outcome,
    probe::{Probes, refused},
};

const JSON: (&str, &str) = ("content-type", "application/json");
const STRICT: (&str, &str) = ("accept", "application/graphql-response+json");

/// A change that a stranger may send.
const CHANGE: &str = "/graphql?query=mutation%7BsessionDelete%7BdeletedId%7D%7D";

/// Near to names of the schema: `Did you mean …` would complete them.
const MISSPELT: [&str; 6] = [
    "{ vewer { rol } }",
    "{ viewer { roles } }",
    "{ viewer }",
    "{ postss { id } }",
    "{ posts(firs: 1) { nodes { id } } }",
    "mutation { sessionCreate(input: { emai: \"a\" }) { token } }",
];

/// Sends what must be refused.
pub fn check(ground: &Ground) -> anyhow::Result<Outcome> {
    let mut probes = Probes::of(ground.server()?);
    let key = probes.key();
    let with_key = [JSON, STRICT, ("authorization", key.as_str())];
    let post = ("POST", "/graphql");
    let repeated = |text: &str, times: usize| text.repeat(times);
    let aliases = (0..2_000).map(|n| format!("a{n}: viewer {{ role }} "));
    let aliases = aliases.collect::<Vec<_>>().concat();
    for (name, query, code) in [
        (
            "20 levels",
            format!(
                "{{ viewer {}{{ id }}{} }}",
                repeated("{ workspace ", 19),
                repeated("}", 19)
            ),
            "QUERY_TOO_DEEP",
        ),
        (
            "2,000 aliases",
            format!("{{ {aliases} }}"),
            "QUERY_TOO_COMPLEX",
        ),
        (
            "5,000 directives",
            format!(
                "{{ viewer {} {{ role }} }}",
                repeated("@include(if: true) ", 5_000)
            ),
            "QUERY_TOO_COMPLEX",
        ),
    ] {
        let body = json!({ "query": query }).to_string();
        probes.send(name, post, &with_key, &body, refused(400, code))?;
    }
    let page = json!({ "query": "{ posts(first: 1000000) { nodes { id } } }" }).to_string();
    let too_many = refused(200, "INVALID_PAGE_SIZE");
    probes.send("a million of a list", post, &with_key, &page, too_many)?;
    let large =
        json!({ "query": format!("# {}\n{{ viewer {{ role }} }}", repeated("x", 1_000_000)) });
    let too_large = refused(413, "PAYLOAD_TOO_LARGE");
    probes.send("1 MB", post, &with_key, &large.to_string(), too_large)?;
    let one = json!({ "query": "{ __typename }" }).to_string();
    let batch = format!("[{one},{one}]");
    probes.send(
        "a batch",
        post,
        &with_key,
        &batch,
        refused(400, "BAD_REQUEST"),
    )?;
    let not_by_get = refused(405, "METHOD_NOT_ALLOWED");
    probes.send(
        "a change by GET",
        ("GET", CHANGE),
        &with_key[1..],
        "",
        not_by_get,
    )?;
    for query in [
        "{ __schema { types { name } } }",
        "{ __type(name: \"Post\") { name } }",
    ] {
        let body = json!({ "query": query }).to_string();
        let unknown = refused(401, "UNAUTHENTICATED");
        probes.send(
            "introspection by a stranger",
            post,
            &with_key[..2],
            &body,
            unknown,
        )?;
    }
    for query in MISSPELT {
        let body = json!({ "query": query }).to_string();
        probes.send(query, post, &with_key[..2], &body, |answer| {
            let tells = [
                "mean", "viewer", "posts", "first", "email", "role", "Viewer", "Query",
            ];
            let told = tells.iter().find(|name| answer.body.contains(**name))?;
            Some(format!("a stranger is told '{told}'"))
        })?;
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let headers = [("content-type", kind), ("authorization", key.as_str())];
        let wrong_kind = refused(415, "UNSUPPORTED_MEDIA_TYPE");
        probes.send(kind, post, &headers, &one, wrong_kind)?;
    }
    let forged = [
        JSON,
        ("cookie", "__Host-session=x"),
        ("sec-fetch-site", "cross-site"),
    ];
    let foreign = refused(403, "ORIGIN_NOT_ALLOWED");
    probes.send("a cookie across sites", post, &forged, &one, foreign)?;
    probes.end()
}
