use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorCode};

macro_rules! states {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// The state of a target (publishing.md, "States of a target").
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum State {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl State {
            /// Every state.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as the API and the database write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

states! {
    /// Written, without a time.
    Draft = "DRAFT";
    /// Waits for its time.
    Scheduled = "SCHEDULED";
    /// A worker prepares it; nothing is visible yet.
    Claimed = "CLAIMED";
    /// The intent is written; the one visible call may be on its way.
    Sending = "SENDING";
    /// It is not known whether the call took effect.
    Uncertain = "UNCERTAIN";
    /// A worker reads back.
    Reconciling = "RECONCILING";
    /// Live.
    Published = "PUBLISHED";
    /// Refused for good, or tries used up.
    Failed = "FAILED";
    /// Waits for a person: missed, reconnect, ambiguous.
    Held = "HELD";
    /// Taken back by a person before it was sent.
    Cancelled = "CANCELLED";
    /// Deleted on the network after it was live.
    DeletedRemote = "DELETED_REMOTE";
}

impl State {
    /// A publishing line has at most one target in these states at a time.
    pub fn is_in_flight(self) -> bool {
        matches!(
            self,
            Self::Claimed | Self::Sending | Self::Uncertain | Self::Reconciling
        )
    }

    /// Nothing more happens by itself.
    pub fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Published | Self::Failed | Self::Held | Self::Cancelled | Self::DeletedRemote
        )
    }

    /// A person may still change content or time.
    pub fn is_editable(self) -> bool {
        matches!(
            self,
            Self::Draft | Self::Scheduled | Self::Held | Self::Failed | Self::Cancelled
        )
    }
}

impl FromStr for State {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .iter()
            .copied()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::new(ErrorCode::InvalidInput, format!("'{text}' is not a state.")))
    }
}

impl TryFrom<String> for State {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

/// One allowed change of state and why it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// The event, in words.
    pub because: &'static str,
}

const fn t(from: State, to: State, because: &'static str) -> Transition {
    Transition { from, to, because }
}

/// Every change of state there is. The database holds the same list (`target_transitions`) and its
/// trigger refuses anything else; a test compares the two.
pub const TRANSITIONS: &[Transition] = &{
    use State::{
        Cancelled, Claimed, DeletedRemote, Draft, Failed, Held, Published, Reconciling, Scheduled,
        Sending, Uncertain,
    };
    [
        t(Draft, Scheduled, "scheduled"),
        t(Draft, Cancelled, "cancelled"),
        t(Draft, Published, "published by hand"),
        t(Scheduled, Draft, "unscheduled"),
        t(Scheduled, Cancelled, "cancelled"),
        t(Scheduled, Claimed, "due, and its line is free"),
        t(
            Scheduled,
            Held,
            "missed its time, or the account must be reconnected",
        ),
        t(
            Scheduled,
            Failed,
            "missed its time and the policy says skip, or tries used up",
        ),
        t(Scheduled, Published, "published by hand"),
        t(
            Claimed,
            Scheduled,
            "nothing was sent: lease lost, drained, or a try that may be repeated",
        ),
        t(Claimed, Sending, "intent committed"),
        t(Claimed, Failed, "refused for good while preparing"),
        t(
            Claimed,
            Held,
            "the account must be reconnected, or missed its time",
        ),
        t(Claimed, Cancelled, "cancelled while it was prepared"),
        t(
            Sending,
            Published,
            "the network answered with the post's id",
        ),
        t(
            Sending,
            Scheduled,
            "surely not sent, or refused by a rate limit",
        ),
        t(Sending, Held, "the account must be reconnected"),
        t(Sending, Failed, "refused for good"),
        t(Sending, Uncertain, "the outcome is unknown"),
        t(Uncertain, Reconciling, "time to read back"),
        t(Uncertain, Published, "settled by a person as live"),
        t(Uncertain, Held, "cannot be read back"),
        t(Reconciling, Published, "found on the network"),
        t(
            Reconciling,
            Uncertain,
            "not found yet, or the reader was lost",
        ),
        t(
            Reconciling,
            Scheduled,
            "proved absent, and the policy says send again",
        ),
        t(
            Reconciling,
            Failed,
            "proved absent, and the tries are used up",
        ),
        t(
            Reconciling,
            Held,
            "ambiguous, or proved absent and the policy says ask",
        ),
        t(Held, Scheduled, "a person chose to publish"),
        t(Held, Published, "settled by a person as live"),
        t(Held, Cancelled, "dropped by a person"),
        t(Failed, Scheduled, "retried by a person"),
        t(Failed, Published, "published by hand"),
        t(Failed, Cancelled, "dropped by a person"),
        t(Cancelled, Draft, "taken up again"),
        t(Cancelled, Scheduled, "scheduled again"),
        t(Published, DeletedRemote, "deleted on the network"),
    ]
};

/// Whether the table has this change.
pub fn transition_allowed(from: State, to: State) -> bool {
    TRANSITIONS
        .iter()
        .any(|transition| transition.from == from && transition.to == to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_change_stands_twice_and_every_state_but_the_last_has_an_exit() {
        for (index, one) in TRANSITIONS.iter().enumerate() {
            assert!(
                !TRANSITIONS[..index]
                    .iter()
                    .any(|other| (other.from, other.to) == (one.from, one.to)),
                "{one:?}"
            );
        }
        for state in State::ALL {
            let exits = TRANSITIONS
                .iter()
                .filter(|transition| transition.from == *state)
                .count();
            assert_eq!(exits == 0, *state == State::DeletedRemote, "{state:?}");
        }
    }

    /// The heart of it: after the visible call, only an answer, a proof of absence or a person leads
    /// back to sending.
    #[test]
    fn what_may_have_been_sent_is_never_simply_scheduled_again() {
        assert!(!transition_allowed(State::Uncertain, State::Scheduled));
        assert!(!transition_allowed(State::Uncertain, State::Claimed));
        assert!(!transition_allowed(State::Uncertain, State::Failed));
        assert!(!transition_allowed(State::Published, State::Scheduled));
        let into_sending: Vec<_> = TRANSITIONS
            .iter()
            .filter(|t| t.to == State::Sending)
            .map(|t| t.from)
            .collect();
        assert_eq!(into_sending, [State::Claimed]);
    }
}
