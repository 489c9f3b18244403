//! Instagram professional accounts.

use super::{
    Graph,
    route::{At, Kind},
};
use crate::networks::Networks;

/// What Instagram remembers.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct State {}

impl State {
    /// Kind and account of an id.
    pub fn kind_of(&self, _id: &str) -> Option<(Kind, String)> {
        None
    }
    /// The media of a short code.
    pub fn media_of_code(&self, _code: &str) -> Option<String> {
        None
    }
}
/// x
pub async fn handle(at: &At<'_>, _kind: Kind, _edge: Option<&str>) -> Graph {
    Err(at.no_object())
}
/// x
pub async fn upload(at: &At<'_>) -> Graph {
    Err(at.no_object())
}
/// x
pub fn sweep(_n: &Networks) {}
