//! The control API: what tests and people move behind the networks' backs.

mod faults;
mod people;
mod time;
mod whole;

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use serde_json::json;

use super::Networks;

/// Routes under `/control`.
pub fn routes() -> Router<Networks> {
    Router::new()
        .route("/control/accounts", get(people::list).post(people::create))
        .route("/control/grants", post(people::grant))
        .route("/control/clock", get(time::read).post(time::change))
        .route(
            "/control/faults",
            get(faults::list).post(faults::add).delete(faults::clear),
        )
        .route("/control/faults/{id}", delete(faults::remove))
        .route(
            "/control/switches",
            get(whole::switches).patch(whole::patch_switches),
        )
        .route("/control/reset", post(whole::reset))
        .route(
            "/control/snapshot",
            get(whole::snapshot)
                .post(whole::write_snapshot)
                .put(whole::restore),
        )
        .route("/control/wall", get(whole::wall))
}

/// A refusal of the control API.
struct Refused {
    status: StatusCode,
    message: String,
}

impl Refused {
    fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    fn missing(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            message: message.into(),
        }
    }

    fn failed(error: impl std::fmt::Display) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: error.to_string(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}
