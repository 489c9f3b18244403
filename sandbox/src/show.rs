//! The public media address, for benches and tests that run without the API.

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use posthaste_engine::{
    App,
    media::{self, Address},
};

/// Serves signed media addresses as the API does, in short.
pub fn media_routes(app: App) -> Router {
    Router::new()
        .route("/media/{id}/{recipe}/{seal}", get(serve))
        .with_state(app)
}

async fn serve(
    State(app): State<App>,
    Path((id, recipe, seal)): Path<(String, String, String)>,
) -> Result<Response, StatusCode> {
    let id = id.parse().map_err(|_| StatusCode::NOT_FOUND)?;
    let opened = media::open(
        &app,
        &Address {
            media: id,
            recipe,
            seal,
        },
    )
    .await
    .map_err(|_| StatusCode::NOT_FOUND)?;
    let length = opened.facts.bytes;
    let bytes = opened
        .read(&app, 0..length)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let headers = [
        ("content-type", opened.facts.format.mime().to_owned()),
        ("content-length", length.to_string()),
    ];
    Ok((headers, Body::from_stream(bytes)).into_response())
}
