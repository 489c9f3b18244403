use async_graphql::{Context, Object, Result, SimpleObject};
use posthaste_core::Result as CoreResult;
use posthaste_engine::{
    App,
    post::{self as engine, Changed},
};

use super::{
    input::{TargetDeleteRemoteInput, TargetRetryInput, TargetSettleInput},
    types::Target,
};
use crate::graphql::{
    context::both,
    payload::{MutationError, Warning, split},
    post::DryRun,
    scalars,
};

/// What came of changing a target.
#[derive(SimpleObject)]
pub struct TargetPayload {
    /// The target as it is now; of a dry run, as it would be.
    target: Option<Target>,
    /// What a dry run would have done; empty when it was none.
    dry_run: Option<DryRun>,
    /// Why nothing was changed; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

impl TargetPayload {
    fn of(app: &App, outcome: CoreResult<Changed>) -> CoreResult<Self> {
        let (changed, errors) = split(app, outcome)?;
        let warnings = changed
            .iter()
            .flat_map(|changed| changed.warnings.clone())
            .map(|problem| Warning::new(app, problem))
            .collect();
        let (target, trial) = match changed {
            Some(Changed { target, trial, .. }) => (Some(Target(target)), trial),
            None => (None, None),
        };
        Ok(Self {
            target,
            dry_run: trial.map(DryRun::from),
            errors,
            warnings,
        })
    }
}

/// Changes of targets; all take the permission `PUBLISH`.
#[derive(Default)]
pub struct TargetMutation;

#[Object]
impl TargetMutation {
    /// Tries a failed or held target again, at once. One whose outcome is unknown must be settled
    /// instead, because a retry could publish it twice.
    async fn target_retry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The target to try again.")] input: TargetRetryInput,
    ) -> Result<TargetPayload> {
        let (app, actor) = both(ctx)?;
        let app = &app.dry_run(input.dry_run);
        let outcome = async { engine::retry(app, actor, scalars::id(&input.id, &["id"])?).await };
        Ok(TargetPayload::of(app, outcome.await)?)
    }

    /// Says what became of a target that waits for a person: it is live, publish it now, or drop it.
    async fn target_settle(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What became of it.")] input: TargetSettleInput,
    ) -> Result<TargetPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            let target = engine::settle(app, actor, id, input.settlement()?).await?;
            Ok(Changed {
                target,
                warnings: Vec::new(),
                trial: None,
            })
        };
        Ok(TargetPayload::of(app, outcome.await)?)
    }

    /// Deletes the live post on its network. Deleting what is gone already is a success.
    async fn target_delete_remote(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The target whose live post goes away.")] input: TargetDeleteRemoteInput,
    ) -> Result<TargetPayload> {
        let (app, actor) = both(ctx)?;
        let app = &app.dry_run(input.dry_run);
        let outcome =
            async { engine::delete_remote(app, actor, scalars::id(&input.id, &["id"])?).await };
        Ok(TargetPayload::of(app, outcome.await)?)
    }
}
