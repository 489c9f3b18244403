//! Pinterest: API v5 with OAuth, boards, pins and video uploads.

mod analytics;
mod auth;
mod boards;
mod body;
mod consent;
mod create;
mod node;
mod page;
mod pins;
mod problem;
mod rate;
mod route;
mod source;
mod state;
mod token;
mod upload;

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
use rate::Category;
use route::{Route, route};

pub use state::State;

/// Hosts of Pinterest; the last takes the bytes of videos.
const HOSTS: [&str; 3] = ["api.pinterest.com", "www.pinterest.com", UPLOAD_HOST];
/// Where videos are uploaded to.
const UPLOAD_HOST: &str = "pinterest-media-upload.s3-accelerate.amazonaws.com";

/// An answer of the API.
type Reply = Result<Answer, Problem>;

/// Pinterest.
pub struct Pinterest;

#[async_trait]
impl Module for Pinterest {
    fn hosts(&self) -> &'static [&'static str] {
        &HOSTS
    }

    fn networks(&self) -> &'static [Network] {
        &[Network::Pinterest]
    }

    fn classify(&self, state: &Whole, call: &Call) -> Class {
        route::classify(state, call)
    }

    async fn handle(&self, networks: &Networks, call: &Call) -> Answer {
        let answer = match route(call) {
            Route::Consent => return consent::answer(networks, call),
            Route::Permalink(id) => return permalink(networks, &id),
            Route::Upload => return upload::receive(networks, call),
            Route::Token => token::exchange(networks, call),
            Route::Api(category) => match auth::at(networks, call) {
                Ok(at) => api(&at, category).await,
                Err(problem) => problem.answer(),
            },
            Route::Unknown => Problem::no_path().answer(),
        };
        let number = networks.state().next_id();
        answer
            .with("x-pinterest-rid", &number.to_string())
            .with("cache-control", "no-store")
    }

    fn refuse(&self, networks: &Networks, class: &Class, refusal: Refusal) -> Answer {
        match refusal {
            Refusal::RateLimited {
                status,
                retry_after,
            } => {
                let answer = Problem::too_many(status.unwrap_or(429)).answer();
                rate::exhausted(networks, class.operation, retry_after, answer)
            }
            Refusal::ServerError { status } => Problem::server(status.unwrap_or(500)).answer(),
            Refusal::Duplicate => Problem::spam().answer(),
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

/// Counts the call against its category and answers it.
async fn api(at: &At<'_>, category: Category) -> Answer {
    let usage = rate::count(at, category);
    let reply = if usage.exceeded() {
        Err(Problem::too_many(429))
    } else {
        endpoint(at).await
    };
    usage.on(reply.unwrap_or_else(|problem| problem.answer()))
}

async fn endpoint(at: &At<'_>) -> Reply {
    match (at.call.method.as_str(), &at.call.segments()[1..]) {
        ("GET", ["user_account"]) => boards::user_account(at),
        ("GET", ["boards"]) => boards::list(at),
        ("POST", ["boards"]) => boards::create(at),
        ("GET", ["boards", id]) => boards::read(at, id),
        ("GET", ["boards", id, "pins"]) => pins::of_board(at, id),
        ("GET", ["pins"]) => pins::list(at),
        ("POST", ["pins"]) => create::create(at).await,
        ("GET", ["pins", id]) => pins::read(at, id),
        ("GET", ["pins", id, "analytics"]) => analytics::read(at, id),
        ("PATCH", ["pins", id]) => pins::update(at, id),
        ("DELETE", ["pins", id]) => pins::delete(at, id),
        ("POST", ["media"]) => upload::register(at),
        ("GET", ["media", id]) => upload::status(at, id),
        _ => Err(Problem::no_path()),
    }
}

/// `www.pinterest.com/pin/{id}/`.
fn permalink(networks: &Networks, id: &str) -> Answer {
    let state = networks.state();
    let visible = |post: &&Post| post.deleted_at.is_none();
    if let Some(post) = state.log.get(Network::Pinterest, id).filter(visible) {
        return Answer::html(200, pages::post(post));
    }
    let text = "We couldn't find that Pin. It was removed or never was.";
    Answer::html(404, pages::notice("Sorry!", text))
}
