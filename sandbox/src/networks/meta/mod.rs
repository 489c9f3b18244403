//! Facebook Pages and Instagram: two networks behind the same Graph.

mod auth;
mod error;
mod facebook;
mod fields;
mod insights;
mod instagram;
mod listing;
mod oauth;
mod page;
mod params;
mod rate;
mod refuse;
mod route;
mod transfer;

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Networks,
    accounts::Account,
    answer::Answer,
    call::Call,
    kinds::Network,
    module::{Class, Module, Refusal},
    state::State as Whole,
    tokens::{Death, Grant},
};
use error::GraphError;
use params::Params;
use route::Route;

/// Hosts of Facebook and Instagram.
const HOSTS: [&str; 7] = [
    "graph.facebook.com",
    "graph-video.facebook.com",
    "rupload.facebook.com",
    "www.facebook.com",
    "graph.instagram.com",
    "api.instagram.com",
    "www.instagram.com",
];

/// What Facebook and Instagram remember.
#[derive(Default, Serialize, Deserialize)]
pub struct State {
    /// Facebook.
    pub facebook: facebook::State,
    /// Instagram.
    pub instagram: instagram::State,
}

/// Facebook and Instagram.
pub struct Meta;

#[async_trait]
impl Module for Meta {
    fn hosts(&self) -> &'static [&'static str] {
        &HOSTS
    }

    fn networks(&self) -> &'static [Network] {
        &[Network::Facebook, Network::Instagram]
    }

    fn classify(&self, state: &Whole, call: &Call) -> Class {
        route::classify(state, call)
    }

    async fn handle(&self, networks: &Networks, call: &Call) -> Answer {
        let answer = match route::route(call) {
            Route::FacebookDialog => return oauth::facebook_dialog(networks, call),
            Route::InstagramDialog => return oauth::instagram_dialog(networks, call),
            Route::FacebookPage(id) => return page::facebook(networks, &id),
            Route::InstagramPage(code) => return page::instagram(networks, &code),
            Route::InstagramToken => oauth::instagram_code(networks, call),
            Route::Upload { kind, id } => route::upload(networks, call, kind, &id).await,
            Route::Graph { host, path } => route::graph(networks, call, host, &path).await,
            Route::Unknown => Err(GraphError::unknown_path(&call.path.join("/"))),
        };
        let answer = answer.unwrap_or_else(|e| e.answer(&networks.state().switches));
        answer
            .with("facebook-api-version", "v26.0")
            .with("cache-control", "no-store")
    }

    fn refuse(&self, networks: &Networks, class: &Class, refusal: Refusal) -> Answer {
        refuse::answer(&networks.state().switches, class, refusal)
    }

    fn grant(
        &self,
        networks: &Networks,
        account: &Account,
        scopes: Option<BTreeSet<String>>,
    ) -> Value {
        oauth::control_grant(networks, account, scopes)
    }

    /// A page token serves Facebook and Instagram; only tokens with scopes of the network end.
    fn end_tokens(&self, state: &mut Whole, network: Network, account: &str, death: Death) {
        let instagram = |grant: &Grant| grant.scopes.iter().any(|s| s.starts_with("instagram_"));
        state.tokens.end_account(account, death, |grant| {
            instagram(grant) == (network == Network::Instagram)
        });
        let page = state
            .accounts
            .get(network, account)
            .and_then(|a| a.linked.clone());
        if let (Network::Instagram, Some(page)) = (network, page) {
            state.tokens.end_account(&page, death, instagram);
        }
    }

    fn tick(&self, networks: &Networks) {
        facebook::publish_due(networks);
        instagram::sweep(networks);
    }
}

/// A Graph answer.
type Graph = Result<Answer, GraphError>;

/// `{"success": true}`.
fn success() -> Answer {
    Answer::json(200, &serde_json::json!({ "success": true }))
}

/// Reads the parameters of a Graph call and refuses those the edge does not have.
fn params(call: &Call, known: &[&str]) -> Result<Params, GraphError> {
    let params = Params::read(call)?;
    params.only(known)?;
    Ok(params)
}
