//! X: API v2 with OAuth 2.0 (PKCE), posts, media uploads and timelines.

mod auth;
mod body;
mod compose;
mod consent;
mod length;
mod links;
mod media;
mod node;
mod problem;
mod query;
mod rate;
mod read;
mod route;
mod state;
mod token;
mod upload;
mod upload_fields;
mod wish;

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde_json::Value;

use super::{
    Networks,
    accounts::Account,
    answer::Answer,
    call::Call,
    kinds::Network,
    log::Post,
    module::{Class, Module, Refusal},
    pages,
    state::State as Whole,
};
use auth::At;
use problem::Problem;
use rate::Bucket;
use route::{Route, route};

pub use state::State;

/// Hosts of X.
const HOSTS: [&str; 2] = ["api.x.com", "x.com"];

/// An answer of the API.
type Reply = Result<Answer, Problem>;

/// X.
pub struct X;

#[async_trait]
impl Module for X {
    fn hosts(&self) -> &'static [&'static str] {
        &HOSTS
    }

    fn networks(&self) -> &'static [Network] {
        &[Network::X]
    }

    fn classify(&self, state: &Whole, call: &Call) -> Class {
        route::classify(state, call)
    }

    async fn handle(&self, networks: &Networks, call: &Call) -> Answer {
        let route = route(call);
        match &route {
            Route::Consent => consent::answer(networks, call),
            Route::Permalink(id) => permalink(networks, id),
            Route::Token => token::exchange(networks, call),
            Route::Revoke => token::revoke(networks, call),
            Route::Unknown => Problem::no_path().answer(),
            Route::Api(bucket) => {
                let answer = match auth::at(networks, call) {
                    Ok(at) => api(&at, *bucket),
                    Err(problem) => problem.answer(),
                };
                answer.with("cache-control", "no-store")
            }
        }
    }

    fn refuse(&self, networks: &Networks, _class: &Class, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::RateLimited {
                status,
                retry_after,
            } => {
                let reset = networks
                    .now()
                    .timestamp()
                    .saturating_add(retry_after as i64);
                rate::exhausted(reset, Problem::too_many(status.unwrap_or(429)).answer())
            }
            Refusal::ServerError { status } => Problem::server(status.unwrap_or(503)).answer(),
            Refusal::Duplicate => Problem::duplicate().answer(),
        }
    }

    fn grant(
        &self,
        networks: &Networks,
        account: &Account,
        scopes: Option<BTreeSet<String>>,
    ) -> Value {
        token::control_grant(networks, account, scopes)
    }
}

/// Counts the call against its bucket and answers it.
fn api(at: &At<'_>, bucket: Bucket) -> Answer {
    let usage = rate::count(at, bucket);
    let reply = if usage.exceeded() {
        Err(Problem::too_many(429))
    } else {
        endpoint(at)
    };
    usage.on(reply.unwrap_or_else(|problem| problem.answer()))
}

fn endpoint(at: &At<'_>) -> Reply {
    match (at.call.method.as_str(), &at.call.segments()[1..]) {
        ("GET", ["users", "me"]) => read::me(at),
        ("GET", ["users", id, "tweets"]) => read::timeline(at, id),
        ("GET", ["tweets"]) => read::by_ids(at),
        ("GET", ["tweets", id]) => read::by_id(at, id),
        ("POST", ["tweets"]) => compose::create(at),
        ("DELETE", ["tweets", id]) => compose::delete(at, id),
        ("POST", ["media", "upload", "initialize"]) => upload::initialize(at),
        ("POST", ["media", "upload", id, "append"]) => upload::append(at, id),
        ("POST", ["media", "upload", id, "finalize"]) => upload::finalize(at, id),
        ("POST", ["media", "upload"]) => upload::one_shot(at),
        ("GET", ["media", "upload"]) => upload::status(at),
        ("POST", ["media", "metadata"]) => upload::metadata(at),
        _ => Err(Problem::no_path()),
    }
}

/// `x.com/{user}/status/{id}`.
fn permalink(networks: &Networks, id: &str) -> Answer {
    let state = networks.state();
    let visible = |post: &&Post| post.deleted_at.is_none();
    if let Some(post) = state.log.get(Network::X, id).filter(visible) {
        return Answer::html(200, pages::post(post));
    }
    let text = "Hmm...this page doesn't exist. The post was deleted or never was.";
    Answer::html(404, pages::notice("Nothing to see here", text))
}
