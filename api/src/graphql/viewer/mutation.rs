use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use posthaste_core::secret::Secret;
use posthaste_engine::session;

use super::types::Session;
use crate::graphql::{
    context::{app, caller},
    payload::{MutationError, Warning, payload, split},
    scalars,
};

/// Who signs in.
#[derive(InputObject)]
pub struct SessionCreateInput {
    /// The e-mail.
    email: String,
    /// The password.
    password: String,
    /// The workspace to open; the one joined first when left out.
    workspace_id: Option<ID>,
}

/// What came of signing in.
#[derive(SimpleObject)]
pub struct SessionCreatePayload {
    /// The token to send as `Authorization: Bearer …`; shown this once.
    token: Option<String>,
    /// The session.
    session: Option<Session>,
    /// Why nobody was signed in; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

payload! {
    /// What came of signing out.
    SessionDeletePayload {
        /// The id of the session that ended.
        deleted_id: ID
    }
}

/// Signing in and out.
#[derive(Default)]
pub struct ViewerMutation;

#[Object]
impl ViewerMutation {
    /// Signs a person in by e-mail and password. Needs no credential. After five failures for an e-mail
    /// each further try must wait (`RATE_LIMITED`).
    async fn session_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SessionCreateInput,
    ) -> Result<SessionCreatePayload> {
        let app = app(ctx)?;
        let outcome = async {
            let workspace = input
                .workspace_id
                .map(|id| scalars::id(&id, &["workspaceId"]))
                .transpose()?;
            session::sign_in(app, &input.email, Secret::new(input.password), workspace).await
        };
        let (signed_in, errors) = split(app, outcome.await)?;
        let (token, session) = signed_in.unzip();
        Ok(SessionCreatePayload {
            token: token.map(|token| token.expose().to_owned()),
            session: session.as_ref().map(Session::from),
            errors,
            warnings: Vec::new(),
        })
    }

    /// Signs out: ends the session that the request carries.
    async fn session_delete(&self, ctx: &Context<'_>) -> Result<SessionDeletePayload> {
        let app = app(ctx)?;
        let token = caller(ctx)?
            .credential
            .as_ref()
            .map_or("", |credential| credential.expose());
        let outcome = session::sign_out(app, token).await.map(ID::from);
        Ok(SessionDeletePayload::of(app, outcome)?)
    }
}
