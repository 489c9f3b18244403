use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use posthaste_core::{Error, Result as CoreResult, secret::Secret};
use posthaste_engine::{
    App, mail,
    member::invitation::{self as engine, Newcomer, Wanted},
};
use posthaste_store::invitation;

use super::Invitation;
use crate::graphql::{
    context::{app, both, caller},
    idempotency::once,
    payload::{MutationError, Warning, payload, split, split_all},
    role::choice,
    scalars::{self, Role},
};

/// Who is asked, and the role to give: a built-in one or one of the workspace's own.
#[derive(InputObject)]
pub struct InvitationCreateInput {
    /// The e-mail.
    email: String,
    /// A built-in role, not above yours.
    role: Option<Role>,
    /// A role of the workspace's own (`role_…`), not above yours.
    custom_role_id: Option<ID>,
    /// The connections that the person is limited to (`conn_…`, 1 to 500); all when left out.
    connection_ids: Option<Vec<ID>>,
}

/// The invitation to send again.
#[derive(InputObject)]
pub struct InvitationResendInput {
    /// The id (`inv_…`).
    id: ID,
}

/// The invitation to take back.
#[derive(InputObject)]
pub struct InvitationRevokeInput {
    /// The id (`inv_…`).
    id: ID,
}

/// The token, and who accepts: the session of the e-mail's account, its password, or name and password of
/// a new one.
#[derive(InputObject)]
pub struct InvitationAcceptInput {
    /// The token of the invitation (`phi_…`).
    token: String,
    /// The name of somebody who has no account yet, 1 to 100 characters.
    name: Option<String>,
    /// The account's password; of somebody who has none yet, the one to be: 8 characters or more.
    password: Option<String>,
}

/// What came of an invitation that is to be sent.
#[derive(SimpleObject)]
pub struct InvitationLinkPayload {
    /// The invitation.
    invitation: Option<Invitation>,
    /// What `invitationAccept` takes (`phi_…`); shown this once.
    token: Option<String>,
    /// The address to send to the person, with the token behind its `#`; shown this once.
    link: Option<String>,
    /// Whether the server mails the link to the person; otherwise hand it on.
    is_mailed: bool,
    /// Why nobody was invited; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

impl InvitationLinkPayload {
    fn of(
        app: &App,
        outcome: CoreResult<(Secret, invitation::Invitation), Vec<Error>>,
    ) -> CoreResult<Self> {
        let (made, errors) = split_all(app, outcome)?;
        let (token, row) = made.unzip();
        let link = |token: &Secret| mail::link(app, "invitation", token);
        Ok(Self {
            is_mailed: row.is_some() && mail::is_configured(app),
            invitation: row.map(Invitation),
            link: token.as_ref().map(link),
            token: token.map(|token| token.expose().to_owned()),
            errors,
            warnings: Vec::new(),
        })
    }
}

payload! {
    /// What came of taking an invitation back.
    InvitationPayload {
        /// The invitation as it is now.
        invitation: Invitation
    }
}

/// What came of accepting an invitation.
#[derive(SimpleObject)]
pub struct InvitationAcceptPayload {
    /// The workspace that the person belongs to now; `sessionCreate` opens it.
    workspace_id: Option<ID>,
    /// The person.
    person_id: Option<ID>,
    /// The role there.
    role: Option<Role>,
    /// Why nobody became a member; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

fn wanted(input: InvitationCreateInput) -> CoreResult<Wanted> {
    let connections = input.connection_ids;
    Ok(Wanted {
        email: input.email,
        role: choice(input.role, input.custom_role_id.as_ref())?,
        connections: connections
            .map(|ids| scalars::ids(&ids, "connectionIds"))
            .transpose()?,
    })
}

/// Changes of invitations; all but accepting take `MANAGE_MEMBERS`.
#[derive(Default)]
pub struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Asks somebody to become a member, within seven days. The token works once and is shown this once.
    async fn invitation_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is asked.")] input: InvitationCreateInput,
    ) -> Result<InvitationLinkPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let wanted = wanted(input).map_err(|error| vec![error])?;
            engine::create(app, actor, wanted, once(ctx).as_ref()).await
        };
        Ok(InvitationLinkPayload::of(app, outcome.await)?)
    }

    /// Gives an invitation a new token, shown this once, and seven more days. The token before is worth
    /// nothing from now on.
    async fn invitation_resend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The invitation.")] input: InvitationResendInput,
    ) -> Result<InvitationLinkPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::resend(app, actor, id, once(ctx).as_ref()).await
        };
        let outcome = outcome.await.map_err(|error| vec![error]);
        Ok(InvitationLinkPayload::of(app, outcome)?)
    }

    /// Takes an invitation back: its token is worth nothing from now on.
    async fn invitation_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The invitation.")] input: InvitationRevokeInput,
    ) -> Result<InvitationPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::revoke(app, actor, id).await.map(Invitation)
        };
        Ok(InvitationPayload::of(app, outcome.await)?)
    }

    /// Becomes a member by an invitation's token. Needs no credential: whoever has an account for the
    /// e-mail shows it by its session or password, anybody else gets one.
    async fn invitation_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token, and who accepts.")] input: InvitationAcceptInput,
    ) -> Result<InvitationAcceptPayload> {
        let app = app(ctx)?;
        let caller = caller(ctx)?;
        let newcomer = Newcomer {
            name: input.name,
            password: input.password.map(Secret::new),
            client: caller.client.clone(),
        };
        let outcome = engine::accept(app, caller.actor.as_ref(), &input.token, newcomer).await;
        let (accepted, errors) = split(app, outcome)?;
        Ok(InvitationAcceptPayload {
            workspace_id: accepted.map(|it| it.workspace.into()),
            person_id: accepted.map(|it| it.user.into()),
            role: accepted.map(|it| it.role.into()),
            errors,
            warnings: Vec::new(),
        })
    }
}
