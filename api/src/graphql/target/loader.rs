use std::{collections::HashMap, sync::Arc};

use async_graphql::dataloader::Loader as Load;
use posthaste_core::ids::{PostId, TargetId};
use posthaste_engine::post as engine;
use posthaste_store::{
    target::Target,
    timeline::{Attempt, Step},
};

use crate::graphql::loader::{LoadError, Loader};

impl Load<TargetId> for Loader {
    type Value = Target;
    type Error = LoadError;

    async fn load(&self, ids: &[TargetId]) -> Result<HashMap<TargetId, Target>, LoadError> {
        let rows = engine::targets_by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// The key of a post's targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TargetsOf(pub PostId);

impl Load<TargetsOf> for Loader {
    type Value = Arc<Vec<Target>>;
    type Error = LoadError;

    async fn load(&self, keys: &[TargetsOf]) -> Result<HashMap<TargetsOf, Self::Value>, LoadError> {
        let ids: Vec<PostId> = keys.iter().map(|key| key.0).collect();
        let mut found: HashMap<TargetsOf, Vec<Target>> = HashMap::new();
        for row in engine::targets_of_posts(&self.app, &self.actor, &ids).await? {
            found.entry(TargetsOf(row.post_id)).or_default().push(row);
        }
        Ok(found
            .into_iter()
            .map(|(key, rows)| (key, Arc::new(rows)))
            .collect())
    }
}

/// The key of what happened to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HistoryOf(pub TargetId);

/// What happened to a target, in order.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The tries and readings back.
    pub attempts: Arc<Vec<Attempt>>,
    /// The steps.
    pub steps: Arc<Vec<Step>>,
}

impl Load<HistoryOf> for Loader {
    type Value = History;
    type Error = LoadError;

    async fn load(&self, keys: &[HistoryOf]) -> Result<HashMap<HistoryOf, History>, LoadError> {
        let ids: Vec<TargetId> = keys.iter().map(|key| key.0).collect();
        let (attempts, steps) = engine::timeline(&self.app, &self.actor, &ids).await?;
        let mut attempts = grouped(attempts, |attempt| attempt.target_id);
        let mut steps = grouped(steps, |step| step.target_id);
        let mut of = |id: TargetId| History {
            attempts: Arc::new(attempts.remove(&id).unwrap_or_default()),
            steps: Arc::new(steps.remove(&id).unwrap_or_default()),
        };
        Ok(keys.iter().map(|key| (*key, of(key.0))).collect())
    }
}

fn grouped<T>(rows: Vec<T>, of: impl Fn(&T) -> TargetId) -> HashMap<TargetId, Vec<T>> {
    let mut groups: HashMap<TargetId, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(of(&row)).or_default().push(row);
    }
    groups
}
