//! What apps learn about this server by themselves.

use axum::{Json, extract::State};
use posthaste_core::oauth::GRANTABLE;
use serde_json::{Value, json};

use super::{super::ApiState, AUTHORIZE, REVOKE, TOKEN};

/// How apps can show which one they are.
const SHOWN: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// What this server is as one that gives tokens (RFC 8414).
pub async fn server(State(state): State<ApiState>) -> Json<Value> {
    let here = &state.app.public_url;
    Json(json!({
        "issuer": here,
        "authorization_endpoint": format!("{here}{AUTHORIZE}"),
        "token_endpoint": format!("{here}{TOKEN}"),
        "revocation_endpoint": format!("{here}{REVOKE}"),
        "scopes_supported": GRANTABLE.names(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": SHOWN,
        "revocation_endpoint_auth_methods_supported": SHOWN,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": format!("{here}/docs/oauth-apps"),
    }))
}

/// What this server is as one that takes tokens (RFC 9728).
pub async fn resource(State(state): State<ApiState>) -> Json<Value> {
    let here = &state.app.public_url;
    Json(json!({
        "resource": here,
        "authorization_servers": [here],
        "scopes_supported": GRANTABLE.names(),
        "bearer_methods_supported": ["header"],
        "resource_name": "Posthaste",
        "resource_documentation": format!("{here}/docs/oauth-apps"),
    }))
}
