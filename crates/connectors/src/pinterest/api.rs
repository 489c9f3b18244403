//! The parts of Pinterest's API that Posthaste uses (OpenAPI 5.23.0).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use posthaste_core::{
    Network,
    connector::{Ctx, Failure, Session},
    ports::{Request, Response},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::error;
use crate::answer;

/// The host of the API.
pub const API: &str = "api.pinterest.com";
/// The version in every path.
const VERSION: &str = "/v5";

/// The address of an API path (with its leading slash, without the version).
pub fn url(ctx: &Ctx, path: &str) -> String {
    ctx.hosts.url(API, &format!("{VERSION}{path}"))
}

/// The public address of a pin.
pub fn permalink(ctx: &Ctx, id: &str) -> String {
    ctx.hosts.url("www.pinterest.com", &format!("/pin/{id}"))
}

/// Sends a request that may be repeated, in the account's name.
pub async fn call(ctx: &Ctx, session: &Session, request: Request) -> Result<Response, Failure> {
    send(ctx, request.bearer(&session.access)).await
}

/// Sends a request that may be repeated.
pub async fn send(ctx: &Ctx, request: Request) -> Result<Response, Failure> {
    answer::call(ctx, Network::Pinterest, request, error::classify).await
}

/// The content of a success.
pub fn read<T: DeserializeOwned>(response: &Response) -> Result<T, Failure> {
    answer::read(Network::Pinterest, response)
}

/// `GET /user_account`.
#[derive(Debug, Deserialize)]
pub struct User {
    /// Its id.
    pub id: String,
    /// Handle.
    pub username: String,
    /// Name of the business.
    pub business_name: Option<String>,
    /// Picture.
    pub profile_image: Option<String>,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where it goes on; absent or empty on the last page.
    pub bookmark: Option<String>,
}

impl<T> Page<T> {
    /// Where it goes on, if it does.
    pub fn next(&self) -> Option<&str> {
        self.bookmark
            .as_deref()
            .filter(|bookmark| !bookmark.is_empty())
    }
}

/// A board.
#[derive(Debug, Deserialize)]
pub struct Board {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A pin in a list.
#[derive(Debug, Deserialize)]
pub struct Pin {
    /// Its id.
    pub id: String,
    /// When it was made; not every answer names the zone, it is UTC.
    pub created_at: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Link.
    pub link: Option<String>,
}

impl Pin {
    /// When it was made, if it says so.
    pub fn created(&self) -> Option<DateTime<Utc>> {
        let text = self.created_at.as_deref()?;
        let zoned = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
        zoned
            .or_else(|_| text.parse::<NaiveDateTime>().map(|at| at.and_utc()))
            .ok()
    }
}

/// `POST /media`: where to send a video.
#[derive(Debug, Deserialize)]
pub struct Registered {
    /// The id for the pin.
    pub media_id: String,
    /// Where the bytes go.
    pub upload_url: String,
    /// Fields that go before the file.
    #[serde(default)]
    pub upload_parameters: BTreeMap<String, String>,
}

/// `GET /media/{id}`.
#[derive(Debug, Deserialize)]
pub struct MediaStatus {
    /// `registered`, `processing`, `succeeded`, `failed`.
    pub status: String,
}
