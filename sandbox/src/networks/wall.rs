//! The walls on `/`, the log as JSON and the copies of media.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use super::{Networks, kinds::Network, log::Post, requests::RequestRecord, text::escape};

/// Routes of people and judges.
pub fn routes() -> Router<Networks> {
    Router::new()
        .route("/", get(|| async { Html(include_str!("wall.html")) }))
        .route("/log", get(log))
        .route("/requests", get(requests))
        .route("/media/{sha256}", get(media))
        .route("/avatars/{network}/{id}", get(avatar))
}

#[derive(Deserialize)]
struct LogQuery {
    network: Option<Network>,
    account: Option<String>,
    #[serde(default)]
    since: u64,
    limit: Option<usize>,
}

async fn log(State(networks): State<Networks>, Query(query): Query<LogQuery>) -> Json<Vec<Post>> {
    for module in networks.modules() {
        module.tick(&networks);
    }
    let state = networks.state();
    let since = usize::try_from(query.since).unwrap_or(usize::MAX);
    let found = state.log.posts().iter().skip(since).filter(|post| {
        query.network.is_none_or(|n| post.network == n)
            && query
                .account
                .as_ref()
                .is_none_or(|id| post.account.id == *id)
    });
    Json(
        found
            .take(query.limit.unwrap_or(usize::MAX))
            .cloned()
            .collect(),
    )
}

#[derive(Deserialize)]
struct RequestsQuery {
    network: Option<Network>,
    limit: Option<usize>,
}

async fn requests(
    State(networks): State<Networks>,
    Query(query): Query<RequestsQuery>,
) -> Json<Vec<RequestRecord>> {
    let state = networks.state();
    let found = state
        .requests
        .last(query.network, query.limit.unwrap_or(usize::MAX));
    Json(found.into_iter().cloned().collect())
}

async fn media(State(networks): State<Networks>, Path(sha256): Path<String>) -> Response {
    let copy = networks.state().media.get(&sha256);
    copy.map_or(
        StatusCode::NOT_FOUND.into_response(),
        |(content_type, bytes)| {
            let headers = [
                (header::CONTENT_TYPE, content_type),
                (header::CACHE_CONTROL, "max-age=86400, immutable".into()),
            ];
            (headers, bytes).into_response()
        },
    )
}

/// A round picture with the first letter of the name, its colour from the id.
async fn avatar(
    State(networks): State<Networks>,
    Path((network, id)): Path<(Network, String)>,
) -> Response {
    let account = networks.state().accounts.get(network, &id).cloned();
    account.map_or(StatusCode::NOT_FOUND.into_response(), |account| {
        let letter = account.name.chars().next().unwrap_or('?').to_string();
        let hue = id
            .bytes()
            .fold(0_u32, |hue, byte| (hue * 31 + u32::from(byte) * 137) % 360);
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"200\">\
             <rect width=\"200\" height=\"200\" fill=\"hsl({hue},55%,40%)\"/>\
             <text x=\"100\" y=\"132\" font-family=\"sans-serif\" font-size=\"96\" fill=\"#fff\" \
             text-anchor=\"middle\">{}</text></svg>",
            escape(&letter)
        );
        ([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response()
    })
}
