use async_graphql::{Context, Object, Result};
use posthaste_engine::post as engine;

use super::{
    input::{TargetDeleteRemoteInput, TargetRetryInput, TargetSettleInput},
    types::Target,
};
use crate::graphql::{context::both, payload::payload, scalars};

payload! {
    /// What came of changing a target.
    TargetPayload {
        /// The target as it is now; of a dry run, as it would be.
        target: Target
    }
}

/// Changes of targets; all need the role EDITOR, ADMIN or OWNER.
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
        let outcome = async {
            engine::retry(app, actor, scalars::id(&input.id, &["id"])?)
                .await
                .map(Target)
        };
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
            engine::settle(app, actor, id, input.settlement()?)
                .await
                .map(Target)
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
        let outcome = async {
            engine::delete_remote(app, actor, scalars::id(&input.id, &["id"])?)
                .await
                .map(Target)
        };
        Ok(TargetPayload::of(app, outcome.await)?)
    }
}
