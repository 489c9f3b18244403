use posthaste_core::{ErrorCode, access::Permission, target::State};
use posthaste_store::target::Target;

use crate::Actor;

/// Something a person can do with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetAction {
    /// Change content or settings.
    Update,
    /// Give it a time.
    Schedule,
    /// Take its time away.
    Unschedule,
    /// Publish it at once.
    PublishNow,
    /// Take it back before it is sent.
    Cancel,
    /// Try it again.
    Retry,
    /// Say what became of it.
    Settle,
    /// Delete the live post on its network.
    DeleteRemote,
}

impl TargetAction {
    /// Every action, in the order in which people see them.
    pub const ALL: [Self; 8] = [
        Self::Update,
        Self::Schedule,
        Self::Unschedule,
        Self::PublishNow,
        Self::Cancel,
        Self::Retry,
        Self::Settle,
        Self::DeleteRemote,
    ];

    /// Whether the target's state has room for the action.
    pub fn fits(self, row: &Target) -> bool {
        use State::{Cancelled, Claimed, Draft, Failed, Held, Published, Scheduled, Uncertain};
        match self {
            Self::Update => row.state.is_editable(),
            Self::Schedule | Self::PublishNow => matches!(row.state, Draft | Scheduled | Cancelled),
            Self::Unschedule => row.state == Scheduled,
            // What is prepared is not visible; once the intent is written down it is too late.
            Self::Cancel => matches!(row.state, Draft | Scheduled | Claimed | Held | Failed),
            Self::Retry => row.state == Failed || row.state == Held && !is_outcome_unknown(row),
            Self::Settle => matches!(row.state, Draft | Scheduled | Uncertain | Held | Failed),
            Self::DeleteRemote => row.state == Published && row.remote_id.is_some(),
        }
    }
}

/// Something a person can do with a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PostAction {
    /// Change content or targets.
    Update,
    /// Give its targets a time.
    Schedule,
    /// Take the time away.
    Unschedule,
    /// Publish it at once.
    PublishNow,
    /// Take it back.
    Cancel,
    /// Remove it.
    Delete,
}

impl PostAction {
    /// Every action, in the order in which people see them.
    pub const ALL: [Self; 6] = [
        Self::Update,
        Self::Schedule,
        Self::Unschedule,
        Self::PublishNow,
        Self::Cancel,
        Self::Delete,
    ];

    /// Whether the targets' states have room for the action.
    pub fn fits(self, rows: &[Target]) -> bool {
        let any = |action: TargetAction| rows.iter().any(|row| action.fits(row));
        let still = !rows.iter().any(|row| row.state.is_in_flight());
        match self {
            Self::Update => still && !is_live_everywhere(rows),
            Self::Schedule => any(TargetAction::Schedule),
            Self::Unschedule => any(TargetAction::Unschedule),
            Self::PublishNow => any(TargetAction::PublishNow),
            Self::Cancel => any(TargetAction::Cancel),
            Self::Delete => still && !rows.iter().any(|row| row.state == State::Published),
        }
    }
}

/// Whether nothing is left that a change could still reach.
pub(super) fn is_live_everywhere(rows: &[Target]) -> bool {
    let live = |row: &Target| matches!(row.state, State::Published | State::DeletedRemote);
    !rows.is_empty() && rows.iter().all(live)
}

/// Whether a target waits because nobody knows if it is live.
pub(super) fn is_outcome_unknown(row: &Target) -> bool {
    row.error_code.as_deref() == Some(ErrorCode::OutcomeUnknown.as_str())
}

/// What `actor` may do with a target now.
pub fn target_actions(actor: &Actor, row: &Target) -> Vec<TargetAction> {
    let may = |action: &TargetAction| match action {
        TargetAction::Update => actor.may_with(Permission::Write, [row.connection_id]),
        _ => actor.may_with(Permission::Publish, [row.connection_id]),
    };
    TargetAction::ALL
        .into_iter()
        .filter(|action| may(action) && action.fits(row))
        .collect()
}

/// What `actor` may do with a post whose targets these are.
pub fn post_actions(actor: &Actor, rows: &[Target]) -> Vec<PostAction> {
    let with = |permission| actor.may_with(permission, rows.iter().map(|row| row.connection_id));
    let may = |action: &PostAction| match action {
        PostAction::Update | PostAction::Delete => with(Permission::Write),
        _ => with(Permission::Publish),
    };
    PostAction::ALL
        .into_iter()
        .filter(|action| may(action) && action.fits(rows))
        .collect()
}
