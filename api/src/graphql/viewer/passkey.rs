use async_graphql::{Context, ID, InputObject, Json, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_core::Result as CoreResult;
use posthaste_engine::{
    App,
    session::{
        Opened,
        passkey::{self as engine, Asked},
    },
};
use posthaste_store::passkey;
use serde_json::Value;

use super::session::{
    SessionCreatePayload, SessionReauthenticatePayload, hand_over, require_answer,
};
use crate::graphql::{
    context::{app, both, caller},
    payload::{MutationError, Warning, payload, split},
    scalars,
};

/// A passkey of yours.
#[derive(SimpleObject)]
pub struct Passkey {
    /// The id (`pky_…`).
    id: ID,
    /// What you call it.
    name: String,
    /// When it was registered.
    created_at: DateTime<Utc>,
    /// When it last showed who you are.
    last_used_at: Option<DateTime<Utc>>,
}

impl From<passkey::Passkey> for Passkey {
    fn from(row: passkey::Passkey) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// An authenticator's answer to `passkeyRegistrationStart`.
#[derive(InputObject)]
pub struct PasskeyRegisterInput {
    /// The ceremony that it answers.
    ceremony_id: ID,
    /// What you call the passkey, such as the name of the device.
    name: String,
    /// What `PublicKeyCredential.toJSON()` gives.
    credential: Json<Value>,
}

/// What a passkey is to be called.
#[derive(InputObject)]
pub struct PasskeyUpdateInput {
    /// The id (`pky_…`).
    id: ID,
    /// The name.
    name: String,
}

/// The passkey to remove.
#[derive(InputObject)]
pub struct PasskeyDeleteInput {
    /// The id (`pky_…`).
    id: ID,
}

/// Who signs in, by an authenticator's answer to `passkeyProofStart`.
#[derive(InputObject)]
pub struct SessionCreateByPasskeyInput {
    /// The ceremony that it answers.
    ceremony_id: ID,
    /// What `PublicKeyCredential.toJSON()` gives.
    credential: Json<Value>,
    /// The workspace to open; the one joined first when left out.
    workspace_id: Option<ID>,
}

/// Who shows again who they are, by an authenticator's answer to `passkeyProofStart`.
#[derive(InputObject)]
pub struct SessionReauthenticateByPasskeyInput {
    /// The ceremony that it answers.
    ceremony_id: ID,
    /// What `PublicKeyCredential.toJSON()` gives.
    credential: Json<Value>,
}

payload! {
    /// What came of registering or renaming a passkey.
    PasskeyPayload {
        /// The passkey.
        passkey: Passkey
    }
}

payload! {
    /// What came of removing a passkey.
    PasskeyDeletePayload {
        /// The id of the passkey that is gone.
        deleted_id: ID
    }
}

/// What an authenticator is asked for.
#[derive(SimpleObject)]
pub struct PasskeyStartPayload {
    /// Names it in the answer; five minutes are left for that.
    ceremony_id: Option<ID>,
    /// What `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` takes.
    options: Option<Json<Value>>,
    /// Why there is none; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

impl PasskeyStartPayload {
    fn of(app: &App, outcome: CoreResult<Asked>) -> CoreResult<Self> {
        let (asked, errors) = split(app, outcome)?;
        let asked = asked.map(|asked| (asked.ceremony.into(), Json(asked.options)));
        let (ceremony_id, options) = asked.unzip();
        Ok(Self {
            ceremony_id,
            options,
            errors,
            warnings: Vec::new(),
        })
    }
}

/// Reads of passkeys.
#[derive(Default)]
pub struct PasskeyQuery;

#[Object]
impl PasskeyQuery {
    /// Your passkeys, the oldest first; 20 at most.
    async fn passkeys(&self, ctx: &Context<'_>) -> Result<Vec<Passkey>> {
        let (app, actor) = both(ctx)?;
        let passkeys = engine::list(app, actor).await?;
        Ok(passkeys.into_iter().map(Passkey::from).collect())
    }
}

/// Registering passkeys and showing by them who one is.
#[derive(Default)]
pub struct PasskeyMutation;

#[Object]
impl PasskeyMutation {
    /// Asks your authenticator for a passkey; `passkeyRegister` takes its answer. Asks for a proof of who you are that is
    /// not older than ten minutes.
    async fn passkey_registration_start(&self, ctx: &Context<'_>) -> Result<PasskeyStartPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::start_registration(app, actor).await;
        Ok(PasskeyStartPayload::of(app, outcome)?)
    }

    /// Registers a passkey: it signs you in from now on, without password and code.
    async fn passkey_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The authenticator's answer.")] input: PasskeyRegisterInput,
    ) -> Result<PasskeyPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let ceremony = scalars::id(&input.ceremony_id, &["ceremonyId"])?;
            engine::register(app, actor, ceremony, &input.name, input.credential.0).await
        };
        Ok(PasskeyPayload::of(app, outcome.await.map(Passkey::from))?)
    }

    /// Calls a passkey of yours otherwise.
    async fn passkey_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one, and its name.")] input: PasskeyUpdateInput,
    ) -> Result<PasskeyPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::rename(app, actor, id, &input.name).await
        };
        Ok(PasskeyPayload::of(app, outcome.await.map(Passkey::from))?)
    }

    /// Removes a passkey of yours: it signs nobody in from now on. Asks for a proof of who you are that is not older than
    /// ten minutes.
    async fn passkey_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: PasskeyDeleteInput,
    ) -> Result<PasskeyDeletePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::remove(app, actor, id).await.map(ID::from)
        };
        Ok(PasskeyDeletePayload::of(app, outcome.await)?)
    }

    /// Asks an authenticator to show who somebody is; `sessionCreateByPasskey` or `sessionReauthenticateByPasskey` takes its
    /// answer. Needs no credential.
    async fn passkey_proof_start(&self, ctx: &Context<'_>) -> Result<PasskeyStartPayload> {
        let app = app(ctx)?;
        let outcome = engine::start_proof(app).await;
        Ok(PasskeyStartPayload::of(app, outcome)?)
    }

    /// Signs in whoever has the passkey, as with password and code. Needs no credential.
    async fn session_create_by_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The authenticator's answer.")] input: SessionCreateByPasskeyInput,
    ) -> Result<SessionCreatePayload> {
        let (app, client) = (app(ctx)?, &caller(ctx)?.client);
        let outcome = async {
            let ceremony = scalars::id(&input.ceremony_id, &["ceremonyId"])?;
            let workspace = input
                .workspace_id
                .map(|id| scalars::id(&id, &["workspaceId"]))
                .transpose()?;
            let credential = input.credential.0;
            let session = engine::sign_in(app, ceremony, credential, workspace, client).await?;
            Opened::new(app, session)
        };
        Ok(SessionCreatePayload::of(app, outcome.await)?)
    }

    /// As `sessionReauthenticate`, by a passkey of yours.
    async fn session_reauthenticate_by_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The authenticator's answer.")] input: SessionReauthenticateByPasskeyInput,
    ) -> Result<SessionReauthenticatePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let ceremony = scalars::id(&input.ceremony_id, &["ceremonyId"])?;
            require_answer(ctx, actor)?;
            let renewed = engine::reauthenticate(app, actor, ceremony, input.credential.0).await?;
            hand_over(ctx, actor, renewed)
        };
        Ok(SessionReauthenticatePayload::of(app, outcome.await)?)
    }
}
