//! The switches: every open question of the networks' contracts, and the limits that tests move.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kinds::Network;

/// All switches with their defaults.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Switches {
    /// Seed of the generator that decides about faults with a probability.
    pub seed: u64,
    /// Real milliseconds until a new post appears in the network's lists.
    pub read_back_lag_ms: BTreeMap<Network, u64>,
    /// Real milliseconds that containers and videos are processed.
    pub processing_ms: u64,
    /// Call limits.
    pub rate_limits: RateLimits,
    /// HTTP status of Meta's errors.
    pub meta_error_status: MetaErrorStatus,
    /// Facebook: `POST /{post}` with `is_published=true` publishes an unpublished post.
    pub facebook_two_phase: bool,
    /// Facebook: refuse a post equal to the one before it (506).
    pub facebook_refuse_consecutive_duplicate: bool,
    /// Facebook: largest photo in bytes.
    pub facebook_photo_max_bytes: u64,
    /// Facebook: reels accepted through the API per page in 24 hours.
    pub facebook_reels_per_day: u32,
    /// Instagram: posts per account in 24 hours.
    pub quota_total: u32,
    /// Instagram: containers per account in 24 hours.
    pub ig_containers_per_day: u32,
    /// Instagram: answer to a second `media_publish` of one container.
    pub ig_second_publish: IgSecondPublish,
    /// Instagram Login: shape of the code exchange.
    pub ig_token_shape: IgTokenShape,
    /// X: seconds in which the same text is refused as duplicate.
    pub duplicate_window_seconds: u64,
    /// X: accept a reply to one's own post.
    pub x_self_thread_replies: bool,
    /// X: answer every publish with 402 `CreditsDepleted`.
    pub x_credits_depleted: bool,
    /// Pinterest: order of pin lists.
    pub pinterest_list_order: ListOrder,
    /// Pinterest: prefix of the rate headers, for example `x-ratelimit`.
    pub pinterest_rate_header_prefix: String,
    /// The scenario that was played last; only remembered.
    pub scenario: String,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            seed: 1,
            read_back_lag_ms: Network::ALL.map(|n| (n, 0)).into(),
            processing_ms: 200,
            rate_limits: RateLimits::default(),
            meta_error_status: MetaErrorStatus::Catalog,
            facebook_two_phase: false,
            facebook_refuse_consecutive_duplicate: true,
            facebook_photo_max_bytes: 4 * 1024 * 1024,
            facebook_reels_per_day: 30,
            quota_total: 50,
            ig_containers_per_day: 400,
            ig_second_publish: IgSecondPublish::Error,
            ig_token_shape: IgTokenShape::Flat,
            duplicate_window_seconds: 900,
            x_self_thread_replies: true,
            x_credits_depleted: false,
            pinterest_list_order: ListOrder::NewestFirst,
            pinterest_rate_header_prefix: "x-ratelimit".into(),
            scenario: "HAPPY".into(),
        }
    }
}

impl Switches {
    /// Real milliseconds until a post of `network` can be read back.
    pub fn lag_ms(&self, network: Network) -> u64 {
        self.read_back_lag_ms.get(&network).copied().unwrap_or(0)
    }
}

/// Call limits; counted always, enforced when enabled.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RateLimits {
    /// Enforce these and the daily quotas (posts, containers, reels). Off by default, so that a
    /// test of a thousand posts on one account says nothing about limits.
    pub enabled: bool,
    /// Facebook: calls per page and 24 hours.
    pub facebook_calls_per_day: u32,
    /// Instagram: calls per account and 24 hours.
    pub instagram_calls_per_day: u32,
    /// Pinterest: writes per account and minute.
    pub pinterest_writes_per_minute: u32,
    /// Pinterest: reads per account and minute.
    pub pinterest_reads_per_minute: u32,
    /// X: posts per account and 15 minutes.
    pub x_posts_per_window: u32,
    /// X: deletions per account and 15 minutes.
    pub x_deletes_per_window: u32,
    /// X: reads of an account's posts per 15 minutes.
    pub x_timeline_reads_per_window: u32,
    /// X: reads of the own user per 15 minutes.
    pub x_me_reads_per_window: u32,
    /// X: media calls per account and 15 minutes.
    pub x_media_calls_per_window: u32,
    /// X: posts per application and 24 hours.
    pub x_posts_per_app_day: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            enabled: false,
            facebook_calls_per_day: 4800,
            instagram_calls_per_day: 4800,
            pinterest_writes_per_minute: 100,
            pinterest_reads_per_minute: 1000,
            x_posts_per_window: 100,
            x_deletes_per_window: 50,
            x_timeline_reads_per_window: 900,
            x_me_reads_per_window: 75,
            x_media_calls_per_window: 1875,
            x_posts_per_app_day: 10_000,
        }
    }
}

/// HTTP status of Meta's errors: most were never seen on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetaErrorStatus {
    /// 403 for permissions, 500 for codes 1 and 2, else 400.
    Catalog,
    /// Always 400.
    AlwaysBadRequest,
}

/// Answer to a second `media_publish` of one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IgSecondPublish {
    /// Error 24/2207006.
    Error,
    /// The id of the media that the first call made.
    SameMedia,
    /// A second, visible post.
    Duplicate,
}

/// Shape of Instagram Login's code exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IgTokenShape {
    /// `{access_token, user_id, permissions}`.
    Flat,
    /// The same inside `{data:[..]}`.
    Data,
}

/// Order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListOrder {
    /// Newest first.
    NewestFirst,
    /// Oldest first.
    OldestFirst,
}
