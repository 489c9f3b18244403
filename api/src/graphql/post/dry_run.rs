use async_graphql::SimpleObject;
use posthaste_engine::post::Trial;

use super::preview::TargetPreview;
use crate::graphql::target::Target;

/// What a dry run would have done; nothing was written or sent.
#[derive(SimpleObject)]
pub struct DryRun {
    /// Each target concerned with the time and state it would have, in order.
    targets: Vec<Target>,
    /// What each of them would get, in the same order; empty when something is taken away.
    renditions: Vec<TargetPreview>,
}

impl From<Trial> for DryRun {
    fn from(trial: Trial) -> Self {
        Self {
            targets: trial.targets.into_iter().map(Target).collect(),
            renditions: trial.previews.into_iter().map(TargetPreview).collect(),
        }
    }
}
