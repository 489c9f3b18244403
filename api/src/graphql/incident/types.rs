use std::collections::HashMap;

use async_graphql::{
    Context, Enum, ID, Json, Object, Result, SimpleObject, dataloader::Loader as Load,
};
use chrono::{DateTime, Utc};
use posthaste_core::{
    ids::IncidentId,
    incident::{Action, Rule, StepKind},
};
use posthaste_engine::incident as engine;
use posthaste_store::incident::{self, Step};
use serde_json::Value;

use crate::graphql::{
    access::Provenance,
    context::loader,
    loader::{LoadError, Loader},
};

/// What opens an incident.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Rule")]
pub enum IncidentRule {
    /// An address tries passwords for many e-mails. It concerns the server and stands in no workspace's list.
    CredentialStuffing,
    /// A session's refresh token came a second time: somebody has a copy.
    RefreshTokenReused,
    /// An API key is used from many networks at the same time.
    KeyFromManyNetworks,
    /// Somebody deletes much in a short time.
    MassDeletion,
}

/// What was done in an incident.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "StepKind")]
pub enum IncidentStepKind {
    /// It was opened.
    Opened,
    /// The person's sessions in the workspace were ended.
    SessionsRevoked,
    /// The key was taken back.
    KeyRevoked,
    /// The operator shut the person out of the server.
    AccountLocked,
    /// Owners and admins were told by mail.
    AdminsNotified,
    /// It was closed.
    Closed,
}

/// What can be done about an incident.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Action")]
pub enum IncidentAction {
    /// End the person's sessions in the workspace.
    RevokeSessions,
    /// Take the key back, and the keys that it made.
    RevokeKey,
    /// Tell owners and admins by mail again.
    NotifyAdmins,
}

/// Something that was done in an incident.
#[derive(SimpleObject)]
pub struct IncidentStep {
    /// When.
    at: DateTime<Utc>,
    /// What.
    kind: IncidentStepKind,
    /// By whom.
    provenance: Provenance,
    /// What they said of it.
    note: Option<String>,
}

impl From<Step> for IncidentStep {
    fn from(step: Step) -> Self {
        Self {
            at: step.at,
            kind: step.kind.into(),
            provenance: Provenance::from(&step.provenance.0),
            note: step.note,
        }
    }
}

impl Load<IncidentId> for Loader {
    type Value = Vec<Step>;
    type Error = LoadError;

    async fn load(
        &self,
        ids: &[IncidentId],
    ) -> Result<HashMap<IncidentId, Self::Value>, LoadError> {
        let mut found: HashMap<_, Vec<Step>> = HashMap::new();
        for step in engine::steps(&self.app, &self.actor, ids).await? {
            found.entry(step.incident_id).or_default().push(step);
        }
        Ok(found)
    }
}

/// Something that looks like an attack, or like a mistake as bad as one.
pub struct Incident(pub incident::Incident);

/// Something that looks like an attack, or like a mistake as bad as one.
#[Object]
impl Incident {
    /// The id (`inc_…`).
    async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What opened it.
    async fn rule(&self) -> IncidentRule {
        self.0.rule.into()
    }

    /// What happened, in a sentence.
    async fn title(&self) -> &str {
        self.0.rule.title()
    }

    /// What to do about it.
    async fn advice(&self) -> &str {
        self.0.rule.advice()
    }

    /// The id of the person (`user_…`) or key (`key_…`) that it is about.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// What was seen first.
    async fn detail(&self) -> Json<&Value> {
        Json(&self.0.detail)
    }

    /// When it was opened.
    async fn opened_at(&self) -> DateTime<Utc> {
        self.0.opened_at
    }

    /// When it was seen last.
    async fn seen_at(&self) -> DateTime<Utc> {
        self.0.seen_at
    }

    /// How often it was seen.
    async fn times(&self) -> i32 {
        self.0.times
    }

    /// When it was closed.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
    }

    /// All that was done about it, in order.
    async fn timeline(&self, ctx: &Context<'_>) -> Result<Vec<IncidentStep>> {
        let steps = loader(ctx)?.load_one(self.0.id).await?;
        let steps = steps.unwrap_or_default().into_iter();
        Ok(steps.map(IncidentStep::from).collect())
    }

    /// What `incidentAct` takes for it now.
    async fn allowed_actions(&self) -> Vec<IncidentAction> {
        let actions = engine::actions(&self.0).into_iter();
        actions.map(IncidentAction::from).collect()
    }
}
