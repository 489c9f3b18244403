use async_graphql::{Context, ID, InputObject, Object, Result};
use posthaste_engine::incident as engine;

use super::{Incident, types::IncidentAction};
use crate::graphql::{context::both, payload::payload, scalars};

/// What is to be done about an incident.
#[derive(InputObject)]
pub struct IncidentActInput {
    /// The id (`inc_…`).
    id: ID,
    /// One of its `allowedActions`.
    action: IncidentAction,
}

/// The incident to close.
#[derive(InputObject)]
pub struct IncidentCloseInput {
    /// The id (`inc_…`).
    id: ID,
    /// What it was, 1 to 2,000 characters.
    note: String,
}

payload! {
    /// What came of answering or closing an incident.
    IncidentPayload {
        /// The incident as it is now.
        incident: Incident
    }
}

/// Answers to incidents.
#[derive(Default)]
pub struct IncidentMutation;

#[Object]
impl IncidentMutation {
    /// Does something about an incident, and writes it into its timeline. Takes `MANAGE_MEMBERS`, and
    /// `MANAGE_KEYS` to take a key back.
    async fn incident_act(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to do.")] input: IncidentActInput,
    ) -> Result<IncidentPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::act(app, actor, id, input.action.into()).await
        };
        Ok(IncidentPayload::of(app, outcome.await.map(Incident))?)
    }

    /// Closes an incident with a note of what it was.
    async fn incident_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and what it was.")] input: IncidentCloseInput,
    ) -> Result<IncidentPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::close(app, actor, id, &input.note).await
        };
        Ok(IncidentPayload::of(app, outcome.await.map(Incident))?)
    }
}
