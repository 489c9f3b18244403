mod graphql;
mod plain;
mod public;
mod tus;

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header, request},
    response::Response,
};
use image::ImageFormat;
use posthaste_core::ids::MediaId;
use serde_json::{Value, json};

use crate::world::{World, body, picture};

fn jpeg() -> Vec<u8> {
    picture(64, 48, ImageFormat::Jpeg)
}

/// A request by the holder of a key.
fn by(key: &str, method: &str, uri: &str) -> request::Builder {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
}

/// The header as text; empty without one.
fn header_of<'r>(response: &'r Response, name: &str) -> &'r str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// The status and code of a problem document.
async fn problem(response: Response) -> (u16, String) {
    assert_eq!(
        header_of(&response, "content-type"),
        "application/problem+json"
    );
    let (status, problem) = body(response).await;
    assert_eq!(problem["status"], status.as_u16());
    for field in ["title", "detail", "advice", "requestId"] {
        assert!(!problem[field].as_str().unwrap().is_empty(), "{field}");
    }
    (
        status.as_u16(),
        problem["code"].as_str().unwrap().to_owned(),
    )
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// What the media is to its editor.
async fn media(world: &World, id: &str) -> Value {
    let query =
        "query($id: ID!) { media(id: $id) { status bytes fileName altText url error { code } } }";
    world.ask(query, json!({ "id": id })).await["media"].clone()
}
