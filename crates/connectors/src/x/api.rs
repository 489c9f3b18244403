//! The parts of X's API that Posthaste uses (OpenAPI 2.167).

use posthaste_core::{
    Network,
    connector::{Ctx, Failure, Session},
    ports::{Request, Response},
};
use serde::Deserialize;

use super::error;
use crate::answer;

/// The host of the API.
pub const API: &str = "api.x.com";
/// The version in every path.
const VERSION: &str = "/2";

/// The address of an API path (with its leading slash, without the version).
pub fn url(ctx: &Ctx, path: &str) -> String {
    ctx.hosts.url(API, &format!("{VERSION}{path}"))
}

/// The public address of a post; `i` stands for an unknown handle.
pub fn permalink(ctx: &Ctx, session: &Session, id: &str) -> String {
    let username = session.username.as_deref().unwrap_or("i");
    ctx.hosts.url("x.com", &format!("/{username}/status/{id}"))
}

/// Sends a request that may be repeated, in the account's name.
pub async fn call(ctx: &Ctx, session: &Session, request: Request) -> Result<Response, Failure> {
    send(ctx, request.bearer(&session.access)).await
}

/// Sends a request that may be repeated.
pub async fn send(ctx: &Ctx, request: Request) -> Result<Response, Failure> {
    answer::call(ctx, Network::X, request, error::classify).await
}

/// Every success has its content under `data`.
#[derive(Debug, Deserialize)]
pub struct Data<T> {
    /// The content.
    pub data: T,
}

/// The content of a success.
pub fn data<T: serde::de::DeserializeOwned>(response: &Response) -> Result<T, Failure> {
    answer::read::<Data<T>>(Network::X, response).map(|answer| answer.data)
}

/// `GET /2/users/me`.
#[derive(Debug, Deserialize)]
pub struct User {
    /// Its id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Handle without @.
    pub username: String,
    /// Picture.
    pub profile_image_url: Option<String>,
}

/// An upload, as initialize, finalize and status return it.
#[derive(Debug, Deserialize)]
pub struct Media {
    /// Its id.
    pub id: String,
    /// Seconds until it must be used.
    pub expires_after_secs: Option<i64>,
    /// Present while X works on it.
    pub processing_info: Option<Processing>,
}

/// How far X is with an upload.
#[derive(Debug, Deserialize)]
pub struct Processing {
    /// `pending`, `in_progress`, `succeeded`, `failed`.
    pub state: String,
    /// Seconds to wait before the next question.
    pub check_after_secs: Option<u64>,
    /// Why it failed.
    pub error: Option<ProcessingError>,
}

/// Why processing failed.
#[derive(Debug, Deserialize)]
pub struct ProcessingError {
    /// In words.
    pub message: Option<String>,
}

/// A post in a list.
#[derive(Debug, Deserialize)]
pub struct Post {
    /// Its id.
    pub id: String,
    /// Its text: HTML-escaped, links replaced by t.co.
    #[serde(default)]
    pub text: String,
    /// What the t.co links stand for.
    #[serde(default)]
    pub entities: Entities,
    /// Its media.
    #[serde(default)]
    pub attachments: Attachments,
}

/// The links of a post.
#[derive(Debug, Default, Deserialize)]
pub struct Entities {
    /// One for each link.
    #[serde(default)]
    pub urls: Vec<Link>,
}

/// A link of a post.
#[derive(Debug, Deserialize)]
pub struct Link {
    /// The t.co link.
    pub url: String,
    /// What it stands for.
    pub expanded_url: Option<String>,
    /// Set for the link X appends for media.
    pub media_key: Option<String>,
}

/// The media of a post.
#[derive(Debug, Default, Deserialize)]
pub struct Attachments {
    /// A type, an underscore and the media id.
    #[serde(default)]
    pub media_keys: Vec<String>,
}

/// A page of posts.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// The posts, newest first; absent when there are none.
    #[serde(default)]
    pub data: Vec<Post>,
    /// Where it goes on.
    #[serde(default)]
    pub meta: PageMeta,
}

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub struct PageMeta {
    /// Absent on the last page.
    pub next_token: Option<String>,
}
