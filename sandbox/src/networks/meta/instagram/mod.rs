//! Instagram professional accounts: containers, publishing, media.

mod checks;
mod container;
mod create;
mod error;
mod insights;
mod node;
mod publish;
mod state;
mod upload;

use axum::http::Method;

use super::{
    Graph, auth,
    error::GraphError,
    rate,
    route::{At, Kind},
};
use crate::networks::{Networks, kinds::Network};

pub use state::State;
pub use upload::upload;

/// The parts of the permissions of either login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Read,
    Publish,
    Insights,
}

/// Answers a call to an account, container or media.
pub async fn handle(at: &At<'_>, kind: Kind, edge: Option<&str>) -> Graph {
    let usage = rate::count(at, Network::Instagram)?;
    auth::instagram(&at.networks.state(), &at.bearer, at.account)?;
    let answer = match (at.call.method.clone(), kind, edge) {
        (Method::GET, Kind::Instagram, None) => node::account(at),
        (Method::GET, Kind::Instagram, Some("media")) => node::list(at, false),
        (Method::GET, Kind::Instagram, Some("stories")) => node::list(at, true),
        (Method::GET, Kind::Instagram, Some("content_publishing_limit")) => publish::limit(at),
        (Method::POST, Kind::Instagram, Some("media")) => create::create(at).await,
        (Method::POST, Kind::Instagram, Some("media_publish")) => publish::publish(at),
        (Method::GET, Kind::Container, None) => container::read(at),
        (Method::GET, Kind::Media, None) => node::read(at),
        (Method::GET, Kind::Media, Some("insights")) => insights::read(at),
        (Method::POST, Kind::Media, None) => node::update(at),
        (Method::DELETE, Kind::Media, None) => node::delete(at),
        _ => Err(at.no_object()),
    }?;
    Ok(usage.on(answer))
}

/// Refuses a token without the permission, of whichever login it is.
fn allowed(at: &At<'_>, right: Right) -> Result<(), GraphError> {
    let (facebook, instagram) = match right {
        Right::Read => ("instagram_basic", "instagram_business_basic"),
        Right::Publish => (
            "instagram_content_publish",
            "instagram_business_content_publish",
        ),
        Right::Insights => (
            "instagram_manage_insights",
            "instagram_business_manage_insights",
        ),
    };
    let own = at.bearer.account.as_deref() == Some(at.account);
    auth::scope(&at.bearer, if own { instagram } else { facebook })
}

/// Forgets containers whose day is long over.
pub fn sweep(networks: &Networks) {
    let now = networks.now();
    networks.state().meta.instagram.sweep(now);
}
