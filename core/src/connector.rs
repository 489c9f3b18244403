//! The contract of a social network: one trait for built-in networks and, later, plugins.
//!
//! A publish is three things: steps that are invisible and may be repeated ([`Connector::prepare`]),
//! **one call that makes the post visible and may not be repeated** ([`Connector::publish`]), and
//! reads that tell what happened ([`Connector::lookup`]). No network takes an idempotency key, so
//! the engine writes down its intent before that one call and reads back when the answer is unknown.
//! A connector keeps no state; clock, HTTP and deadlines are passed in.

mod failure;
mod sent;

use std::{ops::Range, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    media::{MediaFacts, PictureRule, VideoRule},
    metric::{LivePost, MetricRule, Reading},
    network::Network,
    outgoing::Reach,
    ports::{Blobs, ByteStream, Clock, Http, Response},
    post::{ContentKind, Problem},
    secret::Secret,
};

pub use failure::{Failure, FailureClass};
pub use sent::Sent;

/// Limits and features of a network, as data (sources: `docs/networks.md` and networks.md).
#[derive(Clone, Debug, PartialEq)]
pub struct Capabilities {
    /// The network.
    pub network: Network,
    /// Kinds of posts it has.
    pub kinds: &'static [ContentKind],
    /// Longest text, in the unit of `text_unit`.
    pub max_text: usize,
    /// How text is counted, for people: "characters", "weighted characters".
    pub text_unit: &'static str,
    /// Longest title in characters; 0 when there is none.
    pub max_title: usize,
    /// Longest alt text in characters.
    pub max_alt_text: usize,
    /// Most hashtags, when limited.
    pub max_hashtags: Option<usize>,
    /// Most mentions, when limited.
    pub max_mentions: Option<usize>,
    /// Most pictures in one post.
    pub max_pictures: usize,
    /// A post needs at least one picture or video.
    pub media_required: bool,
    /// Pictures and videos may stand in one post.
    pub mixed_media: bool,
    /// The link is a field of its own; elsewhere it is written below the text.
    pub link_field: bool,
    /// The target must name a board or the like.
    pub destination_required: bool,
    /// What a picture must be.
    pub picture: PictureRule,
    /// What a picture in a story must be.
    pub story_picture: Option<PictureRule>,
    /// What a video must be.
    pub video: Option<VideoRule>,
    /// What a reel must be.
    pub reel: Option<VideoRule>,
    /// What a video in a story must be.
    pub story_video: Option<VideoRule>,
    /// How long after a call a read-back is trustworthy: at least three times the lag of the list.
    pub settle: Duration,
    /// A missing find on a complete listing, so many times, proves that nothing was published.
    pub absence_readings: i32,
    /// What it tells about live posts.
    pub metrics: MetricRule,
    /// Permissions asked for when connecting.
    pub scopes: &'static [&'static str],
    /// Those of them without which nothing can be published (sources: networks.md).
    pub publish_scopes: &'static [&'static str],
    /// Those that publishing media needs besides.
    pub media_scopes: &'static [&'static str],
    /// The network fetches media from this server's public address.
    pub fetches_media: bool,
    /// The network has a call that tells how many posts are left.
    pub tells_limit: bool,
    /// The network refuses a text that the account has posted shortly before.
    pub refuses_repeats: bool,
}

/// Where the networks' hosts are: in production themselves, in the sandbox all under one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// `http://127.0.0.1:4100` in the sandbox, `None` in production.
    pub base: Option<String>,
}

impl Hosts {
    /// The address of `path` (with its leading slash) on a network's `host`.
    pub fn url(&self, host: &str, path: &str) -> String {
        match &self.base {
            Some(base) => format!("{}/{host}{path}", base.trim_end_matches('/')),
            None => format!("https://{host}{path}"),
        }
    }

    /// What an address may reach that came from a network's answer: simulated networks are all at one host.
    pub fn reach_of_answers(&self) -> Reach {
        match self.base {
            Some(_) => Reach::Networks,
            None => Reach::Public,
        }
    }
}

/// The app's registration at a network's developer console.
#[derive(Clone, Debug)]
pub struct AppCredentials {
    /// Client id.
    pub id: String,
    /// Client secret.
    pub secret: Secret,
}

/// What every call gets.
#[derive(Clone)]
pub struct Ctx {
    /// Sends requests.
    pub http: Arc<dyn Http>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the hosts are.
    pub hosts: Hosts,
    /// The app's registration.
    pub app: AppCredentials,
}

/// Tokens as a network gave them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenSet {
    /// Access token.
    pub access: Secret,
    /// Refresh token, where there is one.
    pub refresh: Option<Secret>,
    /// When the access token ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the refresh token ends.
    pub refresh_expires_at: Option<DateTime<Utc>>,
    /// Granted permissions; empty when the network does not say.
    pub scopes: Vec<String>,
}

/// An account, page or profile that a consent opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The network's id.
    pub remote_id: String,
    /// Its display name.
    pub name: String,
    /// Its handle, without @.
    pub username: Option<String>,
    /// Its picture.
    pub avatar_url: Option<String>,
    /// The tokens to publish with (a page has its own).
    pub tokens: TokenSet,
}

/// A board or the like inside an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The network's id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Who publishes: an account with its access token.
#[derive(Clone, Debug)]
pub struct Session {
    /// The network's id of the account.
    pub account_id: String,
    /// Its handle, for permalinks.
    pub username: Option<String>,
    /// The access token.
    pub access: Secret,
}

/// A consent that is about to be asked for.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Where the network sends the browser back to.
    pub redirect_uri: String,
    /// Binds the answer to the question.
    pub state: String,
    /// PKCE verifier (RFC 7636); networks without PKCE ignore it.
    pub verifier: String,
}

/// A picture or video, ready for the network.
#[derive(Clone)]
pub struct RenditionMedia {
    /// What it is.
    pub facts: MediaFacts,
    /// Description for people who cannot see it.
    pub alt_text: Option<String>,
    /// A signed public address from which a network can fetch it.
    pub url: String,
    /// Reads its bytes by ranges, for uploads.
    pub source: MediaSource,
}

/// Media bytes by ranges, never as a whole in memory.
#[derive(Clone)]
pub struct MediaSource {
    /// Where the bytes live.
    pub blobs: Arc<dyn Blobs>,
    /// Their key.
    pub key: String,
}

impl MediaSource {
    /// Opens a range.
    pub async fn read(&self, range: Range<u64>) -> crate::Result<ByteStream> {
        self.blobs.read(&self.key, range).await
    }
}

/// What one connection is to publish.
#[derive(Clone)]
pub struct Rendition {
    /// Where it appears.
    pub kind: ContentKind,
    /// The person's text, without the link.
    pub text: String,
    /// The title.
    pub title: Option<String>,
    /// The link, with tracking parameters if wanted.
    pub link: Option<String>,
    /// Pictures and videos in order.
    pub media: Vec<RenditionMedia>,
    /// Board or the like.
    pub destination: Option<String>,
}

/// What a preparation came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Prepared {
    /// A step is done: keep `progress`, call again after `wait`.
    Step {
        /// What to hand in again; survives a crash.
        progress: Value,
        /// How long the network wants us to wait.
        wait: Duration,
        /// The step in words, for the timeline.
        note: String,
    },
    /// All invisible steps are done; `ready` goes to `publish` and `lookup`.
    Ready {
        /// Ids made on the way (uploads, containers).
        ready: Value,
    },
}

/// A post that is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The network's id of the post.
    pub remote_id: String,
    /// Its public address; a cosmetic read that fails leaves it empty.
    pub permalink: Option<String>,
}

/// What the one visible call came to. Only an explicit answer counts; everything else is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Live.
    Published(Published),
    /// Surely nothing became visible.
    Failed(Failure),
    /// Nobody knows: time-out after connect, reset, 5xx, success without id.
    Unknown {
        /// What was seen, for the timeline.
        reason: String,
    },
    /// Refused as duplicate content. Either an earlier try of this very post is live, or another
    /// post says the same; only a reading back tells.
    Duplicate {
        /// What was seen, for the timeline.
        reason: String,
    },
}

/// What the engine wrote down before the visible call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// What is older than this (minus clock skew) is not ours: when the first intent was committed that
    /// is not settled.
    pub at: DateTime<Utc>,
    /// When this one was committed, if later than `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<DateTime<Utc>>,
    /// What `prepare` made; null when it was lost, or when nothing is known to have been prepared.
    pub ready: Value,
    /// The newest post of ours on this account before this one.
    pub after_id: Option<String>,
    /// Posts of ours that are known already and so cannot be the one looked for.
    pub known_ids: Vec<String>,
    /// What was sent; not known of what an older version sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
}

/// What a read-back told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It is live.
    Found(Published),
    /// Not there. `proved`: a final state says so, no second reading is needed.
    Absent {
        /// True when the network itself says that nothing was published.
        proved: bool,
    },
    /// The network has it and still works on it; read again later.
    Processing {
        /// What it does, for a person.
        reason: String,
    },
    /// Several candidates, or no listing possible.
    CannotTell {
        /// Why, for a person.
        reason: String,
    },
}

/// Nothing is left of a limit: the next call would be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// When the limit resets.
    pub until: DateTime<Utc>,
    /// The whole app is limited, not only the account.
    pub app_wide: bool,
}

/// What a network says about one of its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitReading {
    /// The length of its window, in seconds.
    pub window_seconds: u32,
    /// Most posts within it.
    pub posts: u32,
    /// How many are left.
    pub remaining: u32,
    /// When all of them are back; none for a rolling window that does not say.
    pub resets_at: Option<DateTime<Utc>>,
    /// It counts the posts of the whole app, not only the account's.
    pub app_wide: bool,
}

/// A social network.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Limits and features.
    fn capabilities(&self) -> &'static Capabilities;

    /// The length of a text by the network's own rule, link included as it will be written.
    fn count(&self, text: &str) -> usize;

    /// Whether a text has a link by the network's own rule.
    fn has_link(&self, text: &str) -> bool {
        text.contains("https://") || text.contains("http://")
    }

    /// The text exactly as it will be sent (with the link below it where there is no link field).
    fn compose(&self, rendition: &Rendition) -> String;

    /// Everything the network would refuse, and what a person should know. Pure.
    fn check(&self, rendition: &Rendition) -> Vec<Problem>;

    /// The consent page.
    fn authorize_url(&self, ctx: &Ctx, authorization: &Authorization) -> String;

    /// Turns a consent's code into tokens of the person.
    async fn exchange(
        &self,
        ctx: &Ctx,
        authorization: &Authorization,
        code: &str,
    ) -> Result<TokenSet, Failure>;

    /// The accounts a person's tokens open.
    async fn accounts(&self, ctx: &Ctx, tokens: &TokenSet) -> Result<Vec<Account>, Failure>;

    /// Fresh tokens; networks without refresh answer `Reauthorize`.
    async fn refresh(&self, ctx: &Ctx, tokens: &TokenSet) -> Result<TokenSet, Failure>;

    /// Gives the access back, where the network has a call for it: whatever of these tokens still holds.
    async fn revoke(&self, ctx: &Ctx, tokens: &TokenSet) -> Result<(), Failure>;

    /// Whether an answer's headers say that nothing is left of a limit, so that the next call need
    /// not be refused to find out.
    fn exhausted(&self, _answer: &Response, _now: DateTime<Utc>) -> Option<Exhausted> {
        None
    }

    /// What the headers of an answer to a publication say about limits of posts.
    fn limits(&self, _answer: &Response) -> Vec<LimitReading> {
        Vec::new()
    }

    /// Asks how many posts are left, where the network has a call for it.
    async fn publishing_limit(
        &self,
        _ctx: &Ctx,
        _session: &Session,
    ) -> Result<Option<LimitReading>, Failure> {
        Ok(None)
    }

    /// Boards or the like of an account; empty where there are none.
    async fn destinations(
        &self,
        _ctx: &Ctx,
        _session: &Session,
    ) -> Result<Vec<Destination>, Failure> {
        Ok(Vec::new())
    }

    /// The next invisible step; `progress` is what the last one returned, `None` at first.
    async fn prepare(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        progress: Option<Value>,
    ) -> Result<Prepared, Failure>;

    /// The one call that makes the post visible. Never repeated by anybody but a new attempt.
    async fn publish(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        ready: &Value,
    ) -> Outcome;

    /// Reads back what became of an intent.
    async fn lookup(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        intent: &Intent,
    ) -> Result<Lookup, Failure>;

    /// Deletes a live post; deleting what is gone is a success.
    async fn delete(&self, ctx: &Ctx, session: &Session, remote_id: &str) -> Result<(), Failure>;

    /// How live posts of the account do, in their order; at most [`MetricRule::batch`] of them. May be
    /// repeated. A failure is about all of them.
    async fn metrics(
        &self,
        ctx: &Ctx,
        session: &Session,
        posts: &[LivePost],
    ) -> Result<Vec<Reading>, Failure>;
}
