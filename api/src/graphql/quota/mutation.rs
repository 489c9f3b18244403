use async_graphql::{Context, Object, Result, SimpleObject};
use posthaste_engine::governor;

use super::{input::QuotaSettingsUpdateInput, settings::QuotaSettings};
use crate::graphql::{
    context::both,
    payload::{MutationError, Warning, split_all},
};

/// What came of changing what a workspace decides about limits and money.
#[derive(SimpleObject)]
pub struct QuotaSettingsPayload {
    /// The settings as they are now.
    quota_settings: Option<QuotaSettings>,
    /// Why nothing was changed; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

/// Changes of what a workspace decides about limits and money; all take the permission `MANAGE_BUDGETS`.
#[derive(Default)]
pub struct QuotaMutation;

#[Object]
impl QuotaMutation {
    /// Changes budgets, and what becomes of posts over a network's limit or a budget. What is scheduled
    /// already stays, and is judged anew when its time comes.
    async fn quota_settings_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: QuotaSettingsUpdateInput,
    ) -> Result<QuotaSettingsPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = governor::update(app, actor, input.read()).await;
        let (settings, errors) = split_all(app, outcome)?;
        Ok(QuotaSettingsPayload {
            quota_settings: settings.map(QuotaSettings),
            errors,
            warnings: Vec::new(),
        })
    }
}
