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

/// The key of a target's tries and readings back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptsOf(pub TargetId);

/// The key of a part of a target's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepsOf {
    /// The target.
    pub target: TargetId,
    /// Only what follows this position; 0 is the beginning.
    pub after: i64,
    /// How many.
    pub first: i64,
}

impl Load<AttemptsOf> for Loader {
    type Value = Arc<Vec<Attempt>>;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[AttemptsOf],
    ) -> Result<HashMap<AttemptsOf, Self::Value>, LoadError> {
        let ids: Vec<TargetId> = keys.iter().map(|key| key.0).collect();
        let rows = engine::attempts(&self.app, &self.actor, &ids).await?;
        let groups = grouped(rows, |attempt| attempt.target_id);
        Ok(groups
            .into_iter()
            .map(|(id, rows)| (AttemptsOf(id), Arc::new(rows)))
            .collect())
    }
}

impl Load<StepsOf> for Loader {
    type Value = Arc<Vec<Step>>;
    type Error = LoadError;

    /// One query for all targets of which the same part is wanted.
    async fn load(&self, keys: &[StepsOf]) -> Result<HashMap<StepsOf, Self::Value>, LoadError> {
        let mut parts: HashMap<(i64, i64), Vec<TargetId>> = HashMap::new();
        for key in keys {
            parts
                .entry((key.after, key.first))
                .or_default()
                .push(key.target);
        }
        let mut found = HashMap::new();
        for ((after, first), ids) in parts {
            let rows = engine::steps(&self.app, &self.actor, &ids, after, first).await?;
            for (target, rows) in grouped(rows, |step| step.target_id) {
                let key = StepsOf {
                    target,
                    after,
                    first,
                };
                found.insert(key, Arc::new(rows));
            }
        }
        Ok(found)
    }
}

fn grouped<T>(rows: Vec<T>, of: impl Fn(&T) -> TargetId) -> HashMap<TargetId, Vec<T>> {
    let mut groups: HashMap<TargetId, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(of(&row)).or_default().push(row);
    }
    groups
}
