//! The enums of targets, each the same as core's, the store's or the engine's.

use async_graphql::Enum;

/// The state of a target: one post on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_core::target::State")]
pub enum TargetState {
    /// Written, without a time.
    Draft,
    /// Waits for its time.
    Scheduled,
    /// A worker prepares it; nothing is visible yet.
    Claimed,
    /// The one call that makes it visible may be on its way.
    Sending,
    /// It is not known whether the call took effect.
    Uncertain,
    /// A worker reads back what became of it.
    Reconciling,
    /// Live.
    Published,
    /// Refused for good, or tries used up.
    Failed,
    /// Waits for a person: missed, reconnect, or not certain whether it is live.
    Held,
    /// Taken back by a person before it was sent.
    Cancelled,
    /// Deleted on the network after it was live.
    DeletedRemote,
}

/// What to do with a target whose time passed while nobody could publish it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_core::target::MisfirePolicy")]
pub enum MisfirePolicy {
    /// Publish it, however late.
    PublishLate,
    /// Do not publish it once it is more than six hours late.
    Skip,
    /// Hold it for a person once it is more than six hours late.
    #[default]
    Ask,
}

/// What to do once it is proved that a call whose outcome was unknown published nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_store::target::IfAbsent")]
pub enum IfAbsent {
    /// Send again: the proof is good enough.
    #[default]
    Resend,
    /// Hold it for a person.
    Hold,
}

/// The order of a list of targets; ties are broken by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum TargetOrder {
    /// Oldest first.
    CreatedAtAsc,
    /// Newest first.
    CreatedAtDesc,
    /// Due first; targets without a time come last.
    #[default]
    DueAtAsc,
    /// Due last first; targets without a time come before all others.
    DueAtDesc,
}

/// What an attempt was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AttemptKind {
    /// To publish.
    Publish,
    /// To learn what became of an earlier try.
    ReadBack,
}

/// What the viewer may do with a target now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_engine::post::TargetAction")]
pub enum TargetAction {
    /// Change content or settings: `postUpdate`.
    Update,
    /// Give it a time: `postSchedule`.
    Schedule,
    /// Take its time away: `postUnschedule`.
    Unschedule,
    /// Publish it at once: `postPublishNow`.
    PublishNow,
    /// Take it back: `postCancel`.
    Cancel,
    /// Try it again: `targetRetry`.
    Retry,
    /// Say what became of it: `targetSettle`.
    Settle,
    /// Delete the live post on its network: `targetDeleteRemote`.
    DeleteRemote,
}

/// What a person says about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SettleOutcome {
    /// It is live.
    Live,
    /// It is not live; publish it now.
    Publish,
    /// Drop it.
    Drop,
}
