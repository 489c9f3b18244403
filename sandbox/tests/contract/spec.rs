//! Judges recorded requests by the networks' official specifications (`specs/README.md`).

mod graph;
mod openapi;

use posthaste_core::Network;
use serde_json::{Map, Value};

/// A request as `GET /requests` of the simulated networks tells it.
struct Recorded<'a> {
    method: &'a str,
    host: &'a str,
    path: &'a str,
    query: &'a Map<String, Value>,
    body: &'a Value,
}

/// What in a recorded request is against the network's specification; empty when nothing is.
///
/// Pages for the browser (consent, permalinks) and storage addresses have no specification.
pub fn check_request(network: Network, request: &Value) -> Vec<String> {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let nothing = Map::new();
    let recorded = Recorded {
        method: text("method"),
        host: text("host"),
        path: text("path"),
        query: request["query"].as_object().unwrap_or(&nothing),
        body: &request["body"],
    };
    match (network, recorded.host) {
        (Network::X, "api.x.com") => openapi::X.check(&recorded),
        (Network::Pinterest, "api.pinterest.com") => openapi::PINTEREST.check(&recorded),
        (Network::Facebook | Network::Instagram, host) if graph::is_api(host) => {
            graph::check(&recorded)
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use posthaste_core::Network::{Facebook, Instagram, Pinterest, X};
    use serde_json::json;

    use super::*;

    fn judge(network: Network, line: &str, query: Value, body: Value) -> Vec<String> {
        let (method, address) = line.split_once(' ').unwrap();
        let (host, path) = address.split_once('/').unwrap();
        let request = json!({"method": method, "host": host, "path": format!("/{path}"),
            "query": query, "body": body});
        check_request(network, &request)
    }

    #[test]
    fn what_the_specifications_allow_passes() {
        let none = || json!({});
        let tweet = json!({"text": "Hi", "media": {"media_ids": ["1"]}});
        let page = json!({"max_results": "100", "post.fields": "created_at,text"});
        let pin = json!({"board_id": "1", "title": "T",
            "media_source": {"source_type": "image_url", "url": "https://a.example/b.jpg"}});
        let piece = json!({"segment_index": "3", "media": {"filename": null, "contentType": null, "bytes": 9}});
        let cases = [
            (X, "POST api.x.com/2/tweets", none(), tweet),
            (X, "GET api.x.com/2/users/12/tweets", page, Value::Null),
            (X, "POST api.x.com/2/media/upload/7/append", none(), piece),
            (X, "GET x.com/i/oauth2/authorize", none(), Value::Null),
            (Pinterest, "POST api.pinterest.com/v5/pins", none(), pin),
            (
                Pinterest,
                "GET api.pinterest.com/v5/boards",
                json!({"page_size": "250"}),
                Value::Null,
            ),
            (
                Facebook,
                "POST graph.facebook.com/v26.0/1/feed",
                none(),
                json!({"message": "Hi", "attached_media": "[{\"media_fbid\":\"2\"}]", "fields": "id"}),
            ),
            (
                Instagram,
                "POST graph.facebook.com/v26.0/1/media",
                none(),
                json!({"image_url": "https://a.example/b.jpg", "is_carousel_item": "true"}),
            ),
            (
                Instagram,
                "GET graph.facebook.com/v26.0/5",
                json!({"fields": "status_code,status"}),
                Value::Null,
            ),
        ];
        for (network, line, query, body) in cases {
            assert_eq!(
                judge(network, line, query, body),
                Vec::<String>::new(),
                "{line}"
            );
        }
    }

    #[test]
    fn what_they_do_not_know_is_told() {
        let none = || json!({});
        let cases = [
            (
                X,
                "POST api.x.com/2/tweets",
                none(),
                json!({"text": "Hi", "txt": "Hi"}),
                "txt",
            ),
            (
                X,
                "POST api.x.com/2/tweets",
                none(),
                json!({"media": {"media_ids": []}}),
                "media_ids",
            ),
            (X, "PUT api.x.com/2/tweets", none(), json!({}), "PUT"),
            (
                X,
                "GET api.x.com/2/timeline",
                none(),
                Value::Null,
                "/2/timeline",
            ),
            (
                X,
                "GET api.x.com/2/users/12/tweets",
                json!({"max_results": "500"}),
                Value::Null,
                "max_results",
            ),
            (
                X,
                "GET api.x.com/2/users/12/tweets",
                json!({"tweet.fields": "text"}),
                Value::Null,
                "tweet.fields",
            ),
            (
                X,
                "GET api.x.com/2/users/ada/tweets",
                none(),
                Value::Null,
                "id",
            ),
            (
                X,
                "GET api.x.com/2/media/upload",
                json!({"command": "STATUS"}),
                Value::Null,
                "media_id",
            ),
            (
                X,
                "POST api.x.com/2/oauth2/token",
                none(),
                json!({"grant_type": "password"}),
                "grant_type",
            ),
            (
                Pinterest,
                "POST api.pinterest.com/v5/pins",
                none(),
                json!({"board": "1"}),
                "board",
            ),
            (
                Pinterest,
                "POST api.pinterest.com/v5/pins",
                none(),
                json!({"media_source": {"source_type": "image_url"}}),
                "media_source",
            ),
            (
                Facebook,
                "POST graph.facebook.com/v26.0/1/feed",
                none(),
                json!({"text": "Hi"}),
                "text",
            ),
            (
                Facebook,
                "POST graph.facebook.com/v26.0/1/photos",
                none(),
                json!({"published": "no"}),
                "published",
            ),
            (
                Facebook,
                "POST graph.facebook.com/v25.0/1/feed",
                none(),
                json!({"message": "Hi"}),
                "v25.0",
            ),
            (
                Facebook,
                "GET graph.facebook.com/v26.0/1/published_posts",
                json!({"fields": "id,text"}),
                Value::Null,
                "text",
            ),
            (
                Facebook,
                "POST graph.facebook.com/v26.0/1/video_reels",
                none(),
                json!({"upload_phase": "begin"}),
                "upload_phase",
            ),
            (
                Instagram,
                "POST graph.facebook.com/v26.0/1/publish",
                none(),
                json!({}),
                "/publish",
            ),
        ];
        for (network, line, query, body, named) in cases {
            let told = judge(network, line, query, body);
            assert!(
                !told.is_empty() && told.iter().any(|t| t.contains(named)),
                "{line}: {told:?}"
            );
        }
    }
}
