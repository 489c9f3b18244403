//! What every kind of answer tells browsers and caches, and who is answered at all.

use super::{
    Ground, Outcome,
    client::Answer,
    probe::{Probes, refused},
};

/// One address of each kind of route.
const KINDS: [&str; 10] = [
    "/livez",
    "/graphql?query=%7B__typename%7D",
    "/graphiql",
    "/docs",
    "/docs/errors",
    "/docs/rest/",
    "/openapi.json",
    "/schema.graphql",
    "/oauth/x/callback?state=x",
    "/nowhere",
];

/// Headers that each answer carries, and how their values begin.
const CARRIED: [(&str, &str); 7] = [
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    ),
    ("content-security-policy", "default-src 'none'"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=()"),
];

/// A page of somebody else.
const FOREIGN: (&str, &str) = ("origin", "https://evil.example");

/// Looks at the answers of each kind of route.
pub fn check(ground: &Ground) -> anyhow::Result<Outcome> {
    let mut probes = Probes::of(ground.server()?);
    let key = probes.key();
    for path in KINDS {
        let name = |what: &str| format!("{path}, {what}");
        probes.send(&name("headers"), ("GET", path), &[], "", missing)?;
        let with_key = [("authorization", key.as_str()), FOREIGN];
        probes.send(
            &name("with a key"),
            ("GET", path),
            &with_key,
            "",
            |answer| {
                if answer.header("cache-control") != Some("no-store") {
                    return Some("may be kept by a cache".into());
                }
                let allowed = answer.header("access-control-allow-origin")?;
                Some(format!("a page of another site is shown it: {allowed}"))
            },
        )?;
        if path == "/nowhere" {
            continue;
        }
        for method in ["TRACE", "TRACK", "BREW"] {
            probes.send(&name(method), (method, path), &[], "", |answer| {
                let is_refused = answer.status == 405 && answer.header("allow").is_some();
                (!is_refused).then(|| format!("{} without a refusal", answer.status))
            })?;
        }
    }
    let question = [FOREIGN, ("access-control-request-method", "POST")];
    probes.send(
        "a foreign page's question",
        ("OPTIONS", "/graphql"),
        &question,
        "",
        |answer| {
            answer
                .header("access-control-allow-origin")
                .map(str::to_owned)
        },
    )?;
    let upgrade = [
        ("upgrade", "websocket"),
        ("connection", "upgrade, close"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "graphql-transport-ws"),
        FOREIGN,
    ];
    let foreign = refused(403, "ORIGIN_NOT_ALLOWED");
    probes.send(
        "a foreign page's WebSocket",
        ("GET", "/graphql"),
        &upgrade,
        "",
        foreign,
    )?;
    let listing = |answer: &Answer| (answer.status != 404).then(|| answer.status.to_string());
    for path in [
        "/media/",
        "/docs/assets/",
        "/.git/config",
        "/debug/pprof/",
        "/metrics",
    ] {
        probes.send(path, ("GET", path), &[], "", listing)?;
    }
    probes.end()
}

/// The first header that is not as it must be.
fn missing(answer: &Answer) -> Option<String> {
    for (name, begin) in CARRIED {
        let value = answer.header(name).unwrap_or_default();
        if !value.starts_with(begin) {
            return Some(format!("{name} is '{value}'"));
        }
    }
    let policy = answer.header("content-security-policy").unwrap_or_default();
    if !policy.contains("frame-ancestors 'none'") || policy.contains("unsafe-eval") {
        return Some(format!("the policy is {policy}"));
    }
    let kind = answer.header("content-type").unwrap_or_default();
    (kind.starts_with("text/") && !kind.contains("charset")).then(|| format!("{kind}: no charset"))
}
