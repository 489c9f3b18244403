//! What people send about targets.

use async_graphql::{ID, InputObject};
use posthaste_core::{Error, ErrorCode, Result};
use posthaste_engine::post::Settlement;

use super::enums::SettleOutcome;

/// A target to try again.
#[derive(InputObject)]
pub struct TargetRetryInput {
    /// The id (`target_…`).
    pub id: ID,
    /// Only check it and show what would come of it: nothing is written or sent.
    #[graphql(default)]
    pub dry_run: bool,
}

/// What became of a target.
#[derive(InputObject)]
pub struct TargetSettleInput {
    /// The id (`target_…`).
    pub id: ID,
    /// What to do with it.
    pub outcome: SettleOutcome,
    /// The live post's public address, with LIVE only.
    pub permalink: Option<String>,
    /// The network's id of the live post, with LIVE only.
    pub remote_id: Option<String>,
}

/// A target whose live post is to be deleted.
#[derive(InputObject)]
pub struct TargetDeleteRemoteInput {
    /// The id (`target_…`).
    pub id: ID,
    /// Only check it and show what would come of it: nothing is written or sent.
    #[graphql(default)]
    pub dry_run: bool,
}

impl TargetSettleInput {
    /// What the person says; address and network id belong to LIVE.
    pub fn settlement(self) -> Result<Settlement> {
        let (permalink, remote_id) = (filled(self.permalink), filled(self.remote_id));
        match (self.outcome, &permalink, &remote_id) {
            (SettleOutcome::Live, _, _) => Ok(Settlement::Live {
                permalink,
                remote_id,
            }),
            (_, Some(_), _) => Err(only_with_live("permalink")),
            (_, _, Some(_)) => Err(only_with_live("remoteId")),
            (SettleOutcome::Publish, None, None) => Ok(Settlement::Publish),
            (SettleOutcome::Drop, None, None) => Ok(Settlement::Drop),
        }
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn only_with_live(field: &str) -> Error {
    Error::new(
        ErrorCode::InvalidInput,
        format!("{field} is for the outcome LIVE only."),
    )
    .at([field])
}
