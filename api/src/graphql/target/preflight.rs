use std::collections::HashMap;

use async_graphql::{Object, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::ids::TargetId;
use posthaste_engine::preflight as engine;

use crate::graphql::{
    loader::{LoadError, Loader},
    post::Problem,
};

/// What stands in the way of a target as things are now.
pub struct Preflight(pub engine::Preflight);

/// What stands in the way of a target as things are now.
#[Object]
impl Preflight {
    /// Nothing keeps it from going out: there is no problem of the severity ERROR.
    async fn ready(&self) -> bool {
        !self
            .0
            .problems
            .iter()
            .any(posthaste_core::post::Problem::is_error)
    }

    /// The problems: what the network would refuse, and what a person should know. Paths are those of the
    /// input of `postCreate`.
    async fn problems(&self) -> Vec<Problem<'_>> {
        self.0.problems.iter().map(Problem::of).collect()
    }

    /// When it was looked at.
    async fn checked_at(&self) -> DateTime<Utc> {
        self.0.checked_at
    }
}

/// The key of what stands in the way of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PreflightOf(pub TargetId);

impl Load<PreflightOf> for Loader {
    type Value = engine::Preflight;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[PreflightOf],
    ) -> Result<HashMap<PreflightOf, engine::Preflight>, LoadError> {
        let ids: Vec<TargetId> = keys.iter().map(|key| key.0).collect();
        let found = engine::preflight(&self.app, &self.actor, &ids).await?;
        let by_key = found
            .into_iter()
            .map(|(id, shown)| (PreflightOf(id), shown));
        Ok(by_key.collect())
    }
}
