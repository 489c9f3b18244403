//! Where a call to a Pinterest host goes, and what it is about.

use super::super::{
    call::Call,
    kinds::{Network, Operation},
    module::Class,
    state::State as Whole,
};
use super::{UPLOAD_HOST, rate::Category, upload};

/// A place on the hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The consent page.
    Consent,
    /// A pin's page, by id.
    Permalink(String),
    /// Bytes of a video.
    Upload,
    /// Codes and refresh tokens for tokens.
    Token,
    /// Anything that needs a token, with the category it counts against.
    Api(Category),
    /// Nothing lives there.
    Unknown,
}

/// Where a call goes.
pub fn route(call: &Call) -> Route {
    match (
        call.host.as_str(),
        call.method.as_str(),
        call.segments().as_slice(),
    ) {
        ("www.pinterest.com", "GET" | "POST", ["oauth"]) => Route::Consent,
        ("www.pinterest.com", "GET", ["pin", id]) => Route::Permalink((*id).into()),
        (UPLOAD_HOST, "POST", []) => Route::Upload,
        ("api.pinterest.com", "POST", ["v5", "oauth", "token"]) => Route::Token,
        ("api.pinterest.com", "GET", ["v5", "pins", _, "analytics"]) => {
            Route::Api(Category::Analytics)
        }
        ("api.pinterest.com", "GET", ["v5", _, ..]) => Route::Api(Category::Read),
        ("api.pinterest.com", _, ["v5", _, ..]) => Route::Api(Category::Write),
        _ => Route::Unknown,
    }
}

/// What a call is about.
pub fn classify(state: &Whole, call: &Call) -> Class {
    let operation = match (
        route(call),
        call.method.as_str(),
        call.segments().as_slice(),
    ) {
        (Route::Consent | Route::Token, ..) => Operation::Token,
        (Route::Upload, ..) | (Route::Api(_), "POST", ["v5", "media"]) => Operation::Prepare,
        (Route::Api(_), "POST", ["v5", "pins"]) => Operation::Publish,
        (Route::Api(Category::Analytics), ..) => Operation::Metrics,
        (Route::Api(_), "DELETE", ["v5", "pins", _]) => Operation::Delete,
        (
            Route::Api(_),
            "GET",
            ["v5", "pins", ..] | ["v5", "boards", _, "pins"] | ["v5", "media", _],
        ) => Operation::Lookup,
        (Route::Api(_), _, ["v5", "user_account" | "boards", ..]) => Operation::Accounts,
        _ => Operation::Any,
    };
    let account = match route(call) {
        Route::Upload => upload::account(state, call),
        _ => call
            .bearer()
            .and_then(|token| state.tokens.account_of(token)),
    };
    Class {
        network: Network::Pinterest,
        operation,
        account,
    }
}
