use serde::{Deserialize, Serialize};

use crate::target::State;

/// How a post stands as a whole: derived from its targets, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
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

impl PostStatus {
    /// The status of a post with targets in these states.
    ///
    /// What is on its way comes first, then what waits for a person, then what is live. Targets that
    /// a person took back count only when all were.
    pub fn of(targets: &[State]) -> Self {
        let taken_back = |state: &State| matches!(state, State::Cancelled | State::DeletedRemote);
        let any = |wanted: State| targets.contains(&wanted);
        let all = |wanted: State| {
            targets
                .iter()
                .all(|state| *state == wanted || taken_back(state))
        };
        if targets.is_empty() {
            Self::Draft
        } else if targets.iter().all(taken_back) {
            Self::Cancelled
        } else if targets.iter().any(|state| state.is_in_flight()) {
            Self::Publishing
        } else if any(State::Held) {
            Self::NeedsAttention
        } else if any(State::Published) {
            if all(State::Published) {
                Self::Published
            } else {
                Self::PartlyPublished
            }
        } else if any(State::Failed) {
            if all(State::Failed) {
                Self::Failed
            } else {
                Self::NeedsAttention
            }
        } else if any(State::Scheduled) {
            Self::Scheduled
        } else {
            Self::Draft
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_stands_as_its_targets_do() {
        use State::{
            Cancelled, Claimed, DeletedRemote, Draft, Failed, Held, Published, Reconciling,
            Scheduled, Sending, Uncertain,
        };
        let table: &[(&[State], PostStatus)] = &[
            (&[], PostStatus::Draft),
            (&[Draft], PostStatus::Draft),
            (&[Draft, Cancelled], PostStatus::Draft),
            (&[Draft, Scheduled], PostStatus::Scheduled),
            (&[Scheduled, Cancelled], PostStatus::Scheduled),
            (&[Claimed, Scheduled], PostStatus::Publishing),
            (&[Sending, Published], PostStatus::Publishing),
            (&[Uncertain, Held], PostStatus::Publishing),
            (&[Reconciling, Failed], PostStatus::Publishing),
            (&[Published, Published], PostStatus::Published),
            (&[Published, Cancelled], PostStatus::Published),
            (&[Published, DeletedRemote], PostStatus::Published),
            (&[Published, Scheduled], PostStatus::PartlyPublished),
            (&[Published, Failed], PostStatus::PartlyPublished),
            (&[Published, Draft], PostStatus::PartlyPublished),
            (&[Published, Held], PostStatus::NeedsAttention),
            (&[Held, Scheduled], PostStatus::NeedsAttention),
            (&[Failed, Scheduled], PostStatus::NeedsAttention),
            (&[Failed, Draft], PostStatus::NeedsAttention),
            (&[Failed, Cancelled], PostStatus::Failed),
            (&[Failed], PostStatus::Failed),
            (&[Cancelled, Cancelled], PostStatus::Cancelled),
            (&[DeletedRemote, Cancelled], PostStatus::Cancelled),
            (&[DeletedRemote], PostStatus::Cancelled),
        ];
        for (states, expected) in table {
            assert_eq!(PostStatus::of(states), *expected, "{states:?}");
        }
    }
}
