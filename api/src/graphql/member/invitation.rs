use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, dataloader::Loader as Load};
use chrono::{DateTime, Utc};
use posthaste_core::ids::InvitationId;
use posthaste_engine::member::invitation::{self as engine, Action};
use posthaste_store::invitation;

use super::types::custom_role;
use crate::graphql::{
    access::Provenance,
    context::{app, both},
    loader::{LoadError, Loader},
    page::{self, Args, List},
    role::CustomRole,
    scalars::{self, Role},
};

/// The list's name in its cursors.
const LIST: &str = "invitations";

impl Load<InvitationId> for Loader {
    type Value = invitation::Invitation;
    type Error = LoadError;

    async fn load(
        &self,
        ids: &[InvitationId],
    ) -> Result<HashMap<InvitationId, Self::Value>, LoadError> {
        let rows = engine::by_ids(&self.app, &self.actor, ids).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// How an invitation stands.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "invitation::Status")]
pub enum InvitationStatus {
    /// It can be accepted.
    Open,
    /// Its time is over; it can be sent again.
    Expired,
    /// The person accepted.
    Accepted,
    /// It was taken back.
    Revoked,
}

/// Something that can be done with an invitation now.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Action")]
pub enum InvitationAction {
    /// `invitationResend`.
    Resend,
    /// `invitationRevoke`.
    Revoke,
}

/// Somebody who is asked to become a member.
pub struct Invitation(pub invitation::Invitation);

/// Somebody who is asked to become a member. Only who has `MANAGE_MEMBERS` sees invitations.
#[Object]
impl Invitation {
    /// The id (`inv_…`).
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Who is asked, in lower case.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// The role that the person gets; `CUSTOM` when it is one that the workspace made.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The role that the workspace made, if it is one.
    async fn custom_role(&self, ctx: &Context<'_>) -> Result<Option<CustomRole>> {
        custom_role(ctx, self.0.role_id).await
    }

    /// The connections that the person is to be limited to; null without a limit.
    async fn connection_ids(&self) -> Option<Vec<ID>> {
        scalars::limit(self.0.connection_ids.as_deref())
    }

    /// How it stands.
    async fn status(&self, ctx: &Context<'_>) -> Result<InvitationStatus> {
        Ok(self.0.status(app(ctx)?.now()).into())
    }

    /// Who asks.
    async fn provenance(&self) -> Provenance {
        Provenance::from(&self.0.provenance.0)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When its present token was made.
    async fn sent_at(&self) -> DateTime<Utc> {
        self.0.sent_at
    }

    /// When it ends.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }

    /// When the person accepted.
    async fn accepted_at(&self) -> Option<DateTime<Utc>> {
        self.0.accepted_at
    }

    /// When it was taken back.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }

    /// What can be done with it now. A role above one's own is refused all the same.
    async fn allowed_actions(&self, ctx: &Context<'_>) -> Result<Vec<InvitationAction>> {
        let actions = engine::allowed_actions(app(ctx)?, &self.0);
        Ok(actions.into_iter().map(Into::into).collect())
    }
}

/// What a list of invitations is narrowed by.
#[derive(InputObject, Default)]
pub struct InvitationFilter {
    /// Also those that were accepted or taken back.
    #[graphql(default)]
    closed: bool,
}

/// Reads of invitations.
#[derive(Default)]
pub struct InvitationQuery;

#[Object]
impl InvitationQuery {
    /// The invitation with an id.
    async fn invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`inv_…`).")] id: ID,
    ) -> Result<Invitation> {
        let (app, actor) = both(ctx)?;
        Ok(Invitation(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// Who is asked to become a member, newest first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn invitations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<InvitationFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<Invitation>> {
        let (app, actor) = both(ctx)?;
        let pending_only = !filter.unwrap_or_default().closed;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = engine::list(app, actor, pending_only, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor, pending_only).await?)
        } else {
            None
        };
        let place = |row: &invitation::Invitation| (Some(row.created_at), row.id.uuid());
        Ok(page::list(LIST, found, total, place, Invitation))
    }
}
