use axum::{
    Router,
    extract::{Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Redirect, Response},
};

/// Leads pages to the public address, which is reached by TLS. Whoever sends more than that is told so: a program
/// that was led on would go on sending its key in plain sight.
pub fn redirect(public_url: &str) -> Router {
    Router::new()
        .fallback(lead)
        .with_state(public_url.to_owned())
}

async fn lead(State(public_url): State<String>, request: Request) -> Response {
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_bare = !request.headers().contains_key("authorization");
    if !is_page || !is_bare {
        let told = format!("This server is reached by TLS only: {public_url}\n");
        return (StatusCode::FORBIDDEN, told).into_response();
    }
    let path = request.uri().path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    Redirect::permanent(&format!("{public_url}{path}")).into_response()
}
