//! Where a call to an X host goes, and what it is about.

use super::super::{
    call::Call,
    kinds::{Network, Operation},
    module::Class,
    state::State as Whole,
};
use super::rate::Bucket;

/// A place on the hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The consent page.
    Consent,
    /// A post's page, by id.
    Permalink(String),
    /// Codes and refresh tokens for tokens.
    Token,
    /// Ending a token.
    Revoke,
    /// Anything that needs a token, with the limit it counts against.
    Api(Bucket),
    /// Nothing lives there.
    Unknown,
}

/// Where a call goes.
pub fn route(call: &Call) -> Route {
    let method = call.method.as_str();
    match (call.host.as_str(), method, call.segments().as_slice()) {
        ("x.com", "GET" | "POST", ["i", "oauth2", "authorize"]) => Route::Consent,
        ("x.com", "GET", [_, "status", id]) => Route::Permalink((*id).into()),
        ("api.x.com", "POST", ["2", "oauth2", "token"]) => Route::Token,
        ("api.x.com", "POST", ["2", "oauth2", "revoke"]) => Route::Revoke,
        ("api.x.com", _, ["2", rest @ ..]) => {
            bucket(method, rest).map_or(Route::Unknown, Route::Api)
        }
        _ => Route::Unknown,
    }
}

fn bucket(method: &str, path: &[&str]) -> Option<Bucket> {
    Some(match (method, path) {
        ("GET", ["users", "me"]) => Bucket::Me,
        ("GET", ["users", _, "tweets"]) => Bucket::Timeline,
        ("GET", ["tweets"] | ["tweets", _]) => Bucket::Lookup,
        ("POST", ["tweets"]) => Bucket::Posts,
        ("DELETE", ["tweets", _]) => Bucket::Deletes,
        ("POST", ["media", "upload"]) => Bucket::Media("upload"),
        ("GET", ["media", "upload"]) => Bucket::Media("status"),
        ("POST", ["media", "upload", "initialize"]) => Bucket::Media("initialize"),
        ("POST", ["media", "upload", _, "append"]) => Bucket::Media("append"),
        ("POST", ["media", "upload", _, "finalize"]) => Bucket::Media("finalize"),
        ("POST", ["media", "metadata"]) => Bucket::Media("metadata"),
        _ => return None,
    })
}

/// What a call is about.
pub fn classify(state: &Whole, call: &Call) -> Class {
    let operation = match route(call) {
        Route::Consent | Route::Token | Route::Revoke => Operation::Token,
        Route::Permalink(_) | Route::Unknown => Operation::Any,
        Route::Api(Bucket::Posts) => Operation::Publish,
        Route::Api(Bucket::Deletes) => Operation::Delete,
        Route::Api(Bucket::Me) => Operation::Accounts,
        Route::Api(Bucket::Lookup) if wants_metrics(call) => Operation::Metrics,
        Route::Api(Bucket::Timeline | Bucket::Lookup | Bucket::Media("status")) => {
            Operation::Lookup
        }
        Route::Api(Bucket::Media(_)) => Operation::Prepare,
    };
    let account = call
        .bearer()
        .and_then(|token| state.tokens.account_of(token));
    Class {
        network: Network::X,
        operation,
        account,
    }
}

fn wants_metrics(call: &Call) -> bool {
    let fields = ["tweet.fields", "post.fields"].map(|name| call.query(name).unwrap_or_default());
    fields
        .iter()
        .any(|fields| fields.contains("public_metrics"))
}
