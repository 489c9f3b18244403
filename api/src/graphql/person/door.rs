use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use posthaste_core::secret::Secret;
use posthaste_engine::person::{self as engine, Registration};

use crate::graphql::{
    context::{app, caller},
    payload::{MutationError, Warning, payload, split, split_all},
};

/// Who registers, and the workspace that they found.
#[derive(InputObject)]
pub struct PersonRegisterInput {
    /// The e-mail.
    email: String,
    /// The password to be: 8 to 256 characters of any kind.
    password: String,
    /// The name, 1 to 100 characters.
    name: String,
    /// The name of the workspace, 1 to 100 characters.
    workspace_name: String,
    /// The IANA zone of the workspace, such as `Europe/Paris`.
    time_zone: String,
}

/// What a mail brought.
#[derive(InputObject)]
pub struct EmailVerifyInput {
    /// The token (`phv_…` or `phe_…`).
    token: String,
}

/// Whose password is forgotten.
#[derive(InputObject)]
pub struct PasswordResetRequestInput {
    /// The e-mail.
    email: String,
}

/// What a mail brought, and the password to be.
#[derive(InputObject)]
pub struct PasswordResetInput {
    /// The token (`phw_…`).
    token: String,
    /// The password to be: 8 to 256 characters of any kind.
    password: String,
}

/// What came of registering.
#[derive(SimpleObject)]
pub struct PersonRegisterPayload {
    /// Whether a mail is on its way, either with a token for `emailVerify` or, to somebody who has an account already,
    /// saying so.
    is_mailed: Option<bool>,
    /// Why nobody registered; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

/// What came of showing that an address is one's own.
#[derive(SimpleObject)]
pub struct EmailVerifyPayload {
    /// The person, who can sign in by the address now.
    person_id: Option<ID>,
    /// The workspace that was founded; null when a person took another address.
    workspace_id: Option<ID>,
    /// Why nothing was changed; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

payload! {
    /// What came of asking for another password.
    PasswordResetRequestPayload {
        /// Whether a mail is on its way, if there is an account with this e-mail: the answer is the same without.
        is_mailed: bool
    }
}

payload! {
    /// What came of choosing another password.
    PasswordResetPayload {
        /// Whether the password was changed; `sessionCreate` takes it.
        is_changed: bool
    }
}

/// What people do before they are signed in. None of it needs a credential.
#[derive(Default)]
pub struct DoorMutation;

#[Object]
impl DoorMutation {
    /// Registers a person with a workspace of their own, where the operator allows it (`REGISTRATION_CLOSED`). The answer is
    /// the same when the e-mail is somebody's already. A mail brings the token that `emailVerify` takes within 24 hours.
    async fn person_register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who registers.")] input: PersonRegisterInput,
    ) -> Result<PersonRegisterPayload> {
        let app = app(ctx)?;
        let new = Registration {
            email: input.email,
            password: Secret::new(input.password),
            name: input.name,
            workspace: input.workspace_name,
            time_zone: input.time_zone,
        };
        let outcome = engine::register(app, caller(ctx)?.client.address, new).await;
        let (done, errors) = split_all(app, outcome)?;
        Ok(PersonRegisterPayload {
            is_mailed: done.map(|()| true),
            errors,
            warnings: Vec::new(),
        })
    }

    /// Shows by a mailed token that an e-mail address is one's own: finishes a registration, which founds the workspace, or
    /// gives a person another address. The token works once (`TOKEN_INVALID`).
    async fn email_verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What a mail brought.")] input: EmailVerifyInput,
    ) -> Result<EmailVerifyPayload> {
        let app = app(ctx)?;
        let (done, errors) = split(app, engine::verify(app, &input.token).await)?;
        Ok(EmailVerifyPayload {
            person_id: done.map(|done| done.user.into()),
            workspace_id: done.and_then(|done| done.workspace).map(ID::from),
            errors,
            warnings: Vec::new(),
        })
    }

    /// Mails a token for another password to whoever has an account with the e-mail. The answer is always the same.
    async fn password_reset_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose password is forgotten.")] input: PasswordResetRequestInput,
    ) -> Result<PasswordResetRequestPayload> {
        let app = app(ctx)?;
        let from = caller(ctx)?.client.address;
        let outcome = engine::request_reset(app, from, &input.email).await;
        Ok(PasswordResetRequestPayload::of(
            app,
            outcome.map(|()| true),
        )?)
    }

    /// Chooses another password by a mailed token, which works once and for an hour. Ends all of the person's sessions and
    /// opens none.
    async fn password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What a mail brought, and the password to be.")] input: PasswordResetInput,
    ) -> Result<PasswordResetPayload> {
        let app = app(ctx)?;
        let outcome = engine::reset(app, &input.token, Secret::new(input.password)).await;
        Ok(PasswordResetPayload::of(app, outcome.map(|()| true))?)
    }
}
