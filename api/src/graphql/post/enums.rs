//! The enums of posts, each the same as core's or the engine's.

use async_graphql::Enum;

/// How a post stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_core::post::PostStatus")]
pub enum PostStatus {
    /// Nothing has a time yet.
    Draft,
    /// Waits for its time.
    Scheduled,
    /// At least one target is on its way.
    Publishing,
    /// Every target is live.
    Published,
    /// Some targets are live, others are not (yet).
    PartlyPublished,
    /// A target waits for a person, or failed while others are still to come.
    NeedsAttention,
    /// Every target failed.
    Failed,
    /// Every target was taken back, before or after it was live.
    Cancelled,
}

/// What to do with media that does not fit the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_core::post::Fit")]
pub enum Fit {
    /// Convert, scale and crop as needed, and say so in a warning.
    #[default]
    Auto,
    /// Send the file as it is; what does not fit is an error.
    None,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_core::post::Severity")]
pub enum Severity {
    /// Can go on.
    Warning,
    /// Must be mended first.
    Error,
}

/// The order of a list of posts; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum PostOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    #[default]
    CreatedAtDesc,
    /// Changed longest ago first.
    UpdatedAtAsc,
    /// Changed last first.
    UpdatedAtDesc,
    /// Due first; posts without a time come last.
    DueAtAsc,
    /// Due last first; posts without a time come before all others.
    DueAtDesc,
}

/// What the viewer may do with a post now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_engine::post::PostAction")]
pub enum PostAction {
    /// Change content or targets: `postUpdate`.
    Update,
    /// Give it a time: `postSchedule`.
    Schedule,
    /// Take its time away: `postUnschedule`.
    Unschedule,
    /// Publish it at once: `postPublishNow`.
    PublishNow,
    /// Take it back: `postCancel`.
    Cancel,
    /// Remove it: `postDelete`.
    Delete,
}
