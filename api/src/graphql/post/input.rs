//! What people send about posts.

use async_graphql::{ID, InputObject};

use super::{enums::Fit, schedule::ScheduleInput};
use crate::graphql::{
    network::ContentKind,
    scalars::Network,
    target::{IfAbsent, MisfirePolicy},
};

/// The part of a picture to show, in fractions of its width and height.
#[derive(Clone, Debug, InputObject)]
pub struct CropInput {
    /// Left edge, from 0 to 1.
    pub x: f64,
    /// Upper edge, from 0 to 1.
    pub y: f64,
    /// Width, above 0, at most 1.
    pub width: f64,
    /// Height, above 0, at most 1.
    pub height: f64,
}

/// A picture or video in a post.
#[derive(Clone, Debug, InputObject)]
pub struct PostMediaInput {
    /// The uploaded media.
    pub id: ID,
    /// Description for people who cannot see it; without it the media's own is used.
    pub alt_text: Option<String>,
    /// The part to show; without it the middle is kept where a network needs another shape.
    pub crop: Option<CropInput>,
    /// What to do when the file does not fit a network.
    #[graphql(default)]
    pub fit: Fit,
}

/// What differs on one network or one connection; fields left out are inherited.
#[derive(Clone, Debug, InputObject)]
pub struct PostVariantInput {
    /// For all connections of this network. Give either this or `connectionId`.
    pub network: Option<Network>,
    /// For this connection alone, which beats its network's variant.
    pub connection_id: Option<ID>,
    /// Another text.
    pub text: Option<String>,
    /// Another title; an empty one removes it.
    pub title: Option<String>,
    /// Another link; an empty one removes it.
    pub link: Option<String>,
    /// Other pictures and videos.
    pub media: Option<Vec<PostMediaInput>>,
    /// Another place.
    pub kind: Option<ContentKind>,
}

/// Parameters added to the post's link, so that visits can be told apart.
#[derive(Clone, Debug, InputObject)]
pub struct LinkTrackingInput {
    /// `utm_campaign`.
    pub campaign: Option<String>,
}

/// What a post says.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PostContentInput {
    /// The text (caption, description).
    pub text: Option<String>,
    /// A title, for networks that have one.
    pub title: Option<String>,
    /// A link: http or https, at most 2048 characters.
    pub link: Option<String>,
    /// Where on the networks the post appears.
    pub kind: Option<ContentKind>,
    /// Pictures and videos in order.
    pub media: Option<Vec<PostMediaInput>>,
    /// What differs on single networks or connections.
    pub variants: Option<Vec<PostVariantInput>>,
    /// Parameters added to the link; none by default.
    pub link_tracking: Option<LinkTrackingInput>,
}

/// A connection the post goes to.
#[derive(Clone, Debug, InputObject)]
pub struct PostTargetInput {
    /// An id chosen by the client; otherwise a new one.
    pub id: Option<ID>,
    /// The connection.
    pub connection_id: ID,
    /// The board (Pinterest); otherwise the connection's default.
    pub board_id: Option<String>,
    /// What to do when nobody could publish it at its time.
    #[graphql(default)]
    pub misfire_policy: MisfirePolicy,
    /// What to do once it is proved that a call whose outcome was unknown published nothing.
    #[graphql(default)]
    pub if_absent: IfAbsent,
}

/// A post to be written.
#[derive(Debug, InputObject)]
pub struct PostCreateInput {
    /// An id chosen by the client, which makes a repeat harmless (`ALREADY_EXISTS`).
    pub id: Option<ID>,
    /// What it says.
    #[graphql(flatten)]
    pub content: PostContentInput,
    /// The connections it goes to.
    pub targets: Option<Vec<PostTargetInput>>,
    /// When; without it the post is a draft.
    pub schedule: Option<ScheduleInput>,
    /// Only check it and show what would come of it: nothing is written or sent.
    #[graphql(default)]
    pub dry_run: bool,
}

/// A post to be looked at, without writing anything.
#[derive(Debug, InputObject)]
pub struct PostPreviewInput {
    /// What it says.
    #[graphql(flatten)]
    pub content: PostContentInput,
    /// The connections it would go to.
    pub targets: Vec<PostTargetInput>,
}

/// A post to be checked, without writing anything.
#[derive(Debug, InputObject)]
pub struct PostValidateInput {
    /// What it says.
    #[graphql(flatten)]
    pub content: PostContentInput,
    /// The connections it would go to.
    pub targets: Vec<PostTargetInput>,
    /// When it would go out.
    pub schedule: Option<ScheduleInput>,
}

/// Times for a post's targets.
#[derive(Debug, InputObject)]
pub struct PostScheduleInput {
    /// The post.
    pub id: ID,
    /// The version you read.
    pub version: Option<i32>,
    /// When.
    pub schedule: ScheduleInput,
    /// Only these targets; otherwise all that are drafts, scheduled or cancelled.
    pub target_ids: Option<Vec<ID>>,
    /// Only check it and show what would come of it: nothing is written or sent.
    #[graphql(default)]
    pub dry_run: bool,
}

/// A post to be published at once.
#[derive(Debug, InputObject)]
pub struct PostPublishNowInput {
    /// The post.
    pub id: ID,
    /// The version you read.
    pub version: Option<i32>,
    /// Only these targets; otherwise all that are drafts, scheduled or cancelled.
    pub target_ids: Option<Vec<ID>>,
    /// Only check it and show what would come of it: nothing is written or sent.
    #[graphql(default)]
    pub dry_run: bool,
}

/// A post whose times are taken away.
#[derive(Debug, InputObject)]
pub struct PostUnscheduleInput {
    /// The post.
    pub id: ID,
    /// Only these targets; otherwise all that are scheduled.
    pub target_ids: Option<Vec<ID>>,
}

/// A post that is taken back.
#[derive(Debug, InputObject)]
pub struct PostCancelInput {
    /// The post.
    pub id: ID,
    /// Only these targets; otherwise all that were not sent.
    pub target_ids: Option<Vec<ID>>,
}

/// A post to be removed.
#[derive(Debug, InputObject)]
pub struct PostDeleteInput {
    /// The post.
    pub id: ID,
}
