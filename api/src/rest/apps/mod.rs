//! Apps of others: where people let them in, and where they get tokens (OAuth 2.1). What networks answer at
//! `/oauth/{network}/callback` is another matter.

mod authorize;
mod client;
mod form;
mod metadata;
mod pages;
mod token;

use axum::{
    Router,
    routing::{get, post},
};

use super::ApiState;

/// Where people are asked.
pub const AUTHORIZE: &str = "/oauth/authorize";
/// Where people who are asked sign in.
pub const SIGN_IN: &str = "/oauth/sign-in";
/// Where apps get tokens.
pub const TOKEN: &str = "/oauth/token";
/// Where apps give tokens back.
pub const REVOKE: &str = "/oauth/revoke";
/// What this server is as one that gives tokens (RFC 8414), and as one that takes them (RFC 9728).
pub const SERVER: &str = "/.well-known/oauth-authorization-server";
pub const RESOURCE: &str = "/.well-known/oauth-protected-resource";

/// The routes of apps.
pub fn routes() -> Router<ApiState> {
    Router::new()
        .route(AUTHORIZE, get(authorize::show).post(authorize::decide))
        .route(SIGN_IN, post(authorize::sign_in))
        .route(TOKEN, post(token::give))
        .route(REVOKE, post(token::take_back))
        .route(SERVER, get(metadata::server))
        .route(RESOURCE, get(metadata::resource))
}
