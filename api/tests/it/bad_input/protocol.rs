//! Documents, pages and HTTP requests that are not well formed, or ask for too much.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};

use super::{Ask, Case, document, fixture::Fixture};
use crate::world::{World, body, mutation};

pub fn cases(f: &Fixture) -> Vec<Case> {
    let mut all = documents(f);
    all.extend(pages(f));
    all.extend(http(f));
    all
}

fn documents(f: &Fixture) -> Vec<Case> {
    let nested = format!(
        "{{ __type(name: \"Post\") {{ {}name{} }} }}",
        "ofType { ".repeat(15),
        " }".repeat(15)
    );
    let wide = format!(
        "{{ posts(first: 100) {{ nodes {{ {}id{} }} }} }}",
        "targets { post { ".repeat(4),
        " } }".repeat(4)
    );
    let aliases: Vec<_> = (0..101)
        .map(|n| format!("a{n}: workspace {{ id }}"))
        .collect();
    let aliases = aliases.join(" ");
    let input = |name, input: Value, code, path: &str| Case {
        name,
        request: Ask::Document(
            mutation("postCreate", "post { id }"),
            json!({ "input": input }),
            f.world.home.editor.clone(),
        ),
        code,
        path: path.into(),
    };
    vec![
        input(
            "an unknown enum value",
            json!({ "text": "a", "kind": "TWEET" }),
            "INVALID_INPUT",
            "kind",
        ),
        input(
            "a number for a text",
            json!({ "text": 7 }),
            "INVALID_INPUT",
            "text",
        ),
        input(
            "an unknown input field",
            json!({ "text": "a", "colour": "red" }),
            "INVALID_INPUT",
            "colour",
        ),
        input(
            "a target without a connection",
            json!({ "targets": [{}] }),
            "INVALID_INPUT",
            "targets.0.connectionId",
        ),
        document(
            f,
            "an unknown enum value in the document",
            "{ posts(orderBy: SIZE) { nodes { id } } }",
            "INVALID_INPUT",
            "orderBy",
        ),
        document(
            f,
            "an unknown field",
            "{ posts { nodes { colour } } }",
            "BAD_REQUEST",
            "",
        ),
        document(
            f,
            "an unknown mutation",
            "mutation { postExplode(input: {}) { post { id } } }",
            "BAD_REQUEST",
            "",
        ),
        document(
            f,
            "an object without a selection",
            "{ workspace }",
            "BAD_REQUEST",
            "",
        ),
        document(f, "no GraphQL", "{ posts {", "BAD_REQUEST", ""),
        document(
            f,
            "a mutation without its input",
            "mutation { postCreate { post { id } } }",
            "BAD_REQUEST",
            "",
        ),
        document(f, "too deep", nested, "QUERY_TOO_DEEP", ""),
        document(f, "too much at once", wide, "QUERY_TOO_COMPLEX", ""),
        document(
            f,
            "too many aliases",
            format!("{{ {aliases} }}"),
            "QUERY_TOO_COMPLEX",
            "",
        ),
    ]
}

fn pages(f: &Fixture) -> Vec<Case> {
    let case = |name, arguments: &str, code, path| {
        document(
            f,
            name,
            format!("{{ posts({arguments}) {{ nodes {{ id }} }} }}"),
            code,
            path,
        )
    };
    // A cursor of the list in order of creation.
    let created =
        "cG9zdHMuY3JlYXRlZDoxODAwMDAwMDAwMDAwMDAwOjAxODkwYTVkYWM5Njc3NGJiY2NlYjMwMjA5OWE4MDU3";
    vec![
        case(
            "a page of nothing",
            "first: 0",
            "INVALID_PAGE_SIZE",
            "first",
        ),
        case("a page of 101", "last: 101", "INVALID_PAGE_SIZE", "last"),
        case(
            "both ends at once",
            "first: 1, last: 1",
            "INVALID_PAGE_SIZE",
            "last",
        ),
        case(
            "a cursor that is none",
            "after: \"%%%\"",
            "INVALID_CURSOR",
            "after",
        ),
        case(
            "a cursor of another order",
            &format!("orderBy: DUE_AT_ASC, before: \"{created}\""),
            "INVALID_CURSOR",
            "before",
        ),
        document(
            f,
            "a cursor of another list for steps",
            format!(
                "{{ target(id: \"{}\") {{ timeline(after: \"{created}\") {{ at }} }} }}",
                f.draft.1
            ),
            "INVALID_CURSOR",
            "after",
        ),
        document(
            f,
            "too many steps",
            format!(
                "{{ target(id: \"{}\") {{ timeline(first: 501) {{ at }} }} }}",
                f.draft.1
            ),
            "INVALID_PAGE_SIZE",
            "first",
        ),
    ]
}

fn http(f: &Fixture) -> Vec<Case> {
    let request = |method: Method, uri: &str, kind: &str, body: &str| {
        Request::builder()
            .method(method)
            .uri(uri)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", f.world.home.editor),
            )
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    let case = |name, request, code| Case {
        name,
        request: Ask::Raw(request),
        code,
        path: String::new(),
    };
    let json = "application/json";
    let change =
        json!({ "query": "mutation { postCreate(input: { text: \"a\" }) { post { id } } }" })
            .to_string();
    let by_get =
        "/graphql?query=mutation%7BpostCreate(input%3A%7Btext%3A%22a%22%7D)%7Bpost%7Bid%7D%7D%7D";
    let mut plain = request(Method::POST, "/graphql", json, &change);
    plain
        .headers_mut()
        .insert(header::ACCEPT, "text/plain".parse().unwrap());
    vec![
        case(
            "no JSON",
            request(Method::POST, "/graphql", json, "{ query"),
            "BAD_REQUEST",
        ),
        case(
            "JSON without a query",
            request(Method::POST, "/graphql", json, "{}"),
            "BAD_REQUEST",
        ),
        case(
            "an array of operations",
            request(Method::POST, "/graphql", json, &format!("[{change}]")),
            "BAD_REQUEST",
        ),
        case(
            "a mutation by GET",
            request(Method::GET, by_get, json, ""),
            "METHOD_NOT_ALLOWED",
        ),
        case(
            "a form",
            request(
                Method::POST,
                "/graphql",
                "application/x-www-form-urlencoded",
                "query=a",
            ),
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        case("an answer as plain text", plain, "NOT_ACCEPTABLE"),
        case(
            "a deleted method",
            request(Method::DELETE, "/graphql", json, ""),
            "METHOD_NOT_ALLOWED",
        ),
    ]
}

/// A text of 2 GB is refused after about a megabyte; the rest is never taken from the client.
#[tokio::test]
async fn two_gigabytes_of_text_are_refused_early() {
    const PIECE: usize = 64 * 1024;
    let world = World::new().await;
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = taken.clone();
    let piece = Bytes::from(vec![b'a'; PIECE]);
    let pieces = (0..2 * 1024 * 1024 * 1024 / PIECE).map(move |_| {
        counter.fetch_add(PIECE, Ordering::SeqCst);
        Ok::<_, std::io::Error>(piece.clone())
    });
    let request = Request::post("/graphql")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", world.home.editor),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from_stream(stream::iter(pieces)))
        .unwrap();
    let (status, problem) = body(world.send(request).await).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (413, &json!("PAYLOAD_TOO_LARGE"))
    );
    assert!(
        taken.load(Ordering::SeqCst) <= 2 * 1024 * 1024,
        "{} bytes were taken",
        taken.load(Ordering::SeqCst)
    );
}
