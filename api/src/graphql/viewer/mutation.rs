use async_graphql::{Context, ID, InputObject, Object, Result};
use posthaste_core::{Error, ErrorCode, secret::Secret};
use posthaste_engine::{
    identity::redeem::{self, Redemption},
    session::{self, Proof, SignIn, own},
};

use super::session::{
    SessionCreatePayload, SessionReauthenticatePayload, SessionRefreshPayload, hand_over,
    require_answer,
};
use crate::{
    cookie,
    graphql::{
        context::{app, both, bring, caller},
        payload::payload,
        scalars,
    },
};

/// What is told to whoever shows nothing, or too much.
const EITHER: &str = "Give either the password or the code of a sign-in at a provider.";

/// Who signs in.
#[derive(InputObject)]
pub struct SessionCreateInput {
    /// The e-mail.
    email: String,
    /// The password.
    password: String,
    /// The code of your authenticator app, if you have one (`SECOND_FACTOR_REQUIRED`).
    code: Option<String>,
    /// A recovery code in the place of that.
    recovery_code: Option<String>,
    /// The workspace to open; the one joined first when left out.
    workspace_id: Option<ID>,
}

/// The tokens that are to be followed by others.
#[derive(InputObject)]
pub struct SessionRefreshInput {
    /// The refresh token (`phr_…`).
    refresh_token: String,
}

/// Who shows again who they are.
#[derive(InputObject)]
pub struct SessionReauthenticateInput {
    /// The password; or `providerCode` in its place.
    password: Option<String>,
    /// The code that the browser came back with from the address that `identityProofStart` gave.
    provider_code: Option<String>,
    /// The word of which the challenge was the SHA-256, if there was one.
    verifier: Option<String>,
    /// The code of your authenticator app, if you have one (`SECOND_FACTOR_REQUIRED`).
    code: Option<String>,
    /// A recovery code in the place of that.
    recovery_code: Option<String>,
}

/// The session to end.
#[derive(InputObject)]
pub struct SessionRevokeInput {
    /// The id (`ses_…`).
    id: ID,
}

payload! {
    /// What came of signing out.
    SessionDeletePayload {
        /// The id of the session that ended.
        deleted_id: ID
    }
}

payload! {
    /// What came of ending a session.
    SessionRevokePayload {
        /// The id of the session that ended.
        revoked_id: ID
    }
}

payload! {
    /// What came of ending all other sessions.
    SessionsRevokePayload {
        /// How many ended.
        revoked_count: u64
    }
}

fn proof(password: String, code: Option<String>, recovery_code: Option<String>) -> Proof {
    Proof {
        password: Secret::new(password),
        code: code.map(Secret::new),
        recovery_code: recovery_code.map(Secret::new),
    }
}

/// Signing in and out.
#[derive(Default)]
pub struct ViewerMutation;

#[Object]
impl ViewerMutation {
    /// Signs a person in by e-mail and password. Needs no credential. After five failures for an e-mail, and
    /// twenty from an address, each further try must wait (`RATE_LIMITED`).
    async fn session_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: SessionCreateInput,
    ) -> Result<SessionCreatePayload> {
        let (app, client) = (app(ctx)?, &caller(ctx)?.client);
        let outcome = async {
            let workspace = input
                .workspace_id
                .map(|id| scalars::id(&id, &["workspaceId"]))
                .transpose()?;
            let who = SignIn {
                email: &input.email,
                proof: proof(input.password, input.code, input.recovery_code),
                workspace,
            };
            session::sign_in(app, who, client).await
        };
        Ok(SessionCreatePayload::of(app, outcome.await)?)
    }

    /// The next tokens of a session. Needs no credential but the refresh token, which works once: the same again gets
    /// the same answer for 30 seconds, later the session ends, since somebody else may have the token.
    async fn session_refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] input: SessionRefreshInput,
    ) -> Result<SessionRefreshPayload> {
        let app = app(ctx)?;
        let outcome = session::refresh(app, &input.refresh_token).await;
        Ok(SessionRefreshPayload::of(app, outcome)?)
    }

    /// Shows again who one is, for what answers `REAUTHENTICATION_REQUIRED`. The session gets new tokens (a browser's another
    /// cookie), and those before open nothing any more. Takes the password, or a new sign-in at a provider (`identityProofStart`).
    async fn session_reauthenticate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password, or what a sign-in at a provider came to.")]
        input: SessionReauthenticateInput,
    ) -> Result<SessionReauthenticatePayload> {
        let (app, actor) = both(ctx)?;
        let client = &caller(ctx)?.client;
        let outcome = async {
            require_answer(ctx, actor)?;
            let renewed = match (input.password, input.provider_code) {
                (Some(password), None) => {
                    let proof = proof(password, input.code, input.recovery_code);
                    session::reauthenticate(app, actor, proof, client).await
                }
                (None, Some(code)) => {
                    let with = Redemption {
                        code: Secret::new(code),
                        verifier: input.verifier.map(Secret::new),
                        totp: input.code.map(Secret::new),
                        recovery_code: input.recovery_code.map(Secret::new),
                    };
                    redeem::reauthenticate(app, actor, with, client).await
                }
                _ => Err(Error::new(ErrorCode::InvalidInput, EITHER).at(["password"])),
            };
            hand_over(ctx, actor, renewed?)
        };
        Ok(SessionReauthenticatePayload::of(app, outcome.await)?)
    }

    /// Signs out: ends the session that the request carries.
    async fn session_delete(&self, ctx: &Context<'_>) -> Result<SessionDeletePayload> {
        let (app, actor) = both(ctx)?;
        if actor.session.is_some_and(|session| session.is_browser) {
            bring(ctx, &cookie::forget());
        }
        let outcome = own::sign_out(app, actor).await.map(ID::from);
        Ok(SessionDeletePayload::of(app, outcome)?)
    }

    /// Ends one of your sessions.
    async fn session_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session.")] input: SessionRevokeInput,
    ) -> Result<SessionRevokePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            own::revoke(app, actor, id).await.map(ID::from)
        };
        Ok(SessionRevokePayload::of(app, outcome.await)?)
    }

    /// Ends all of your sessions but the one that the request carries.
    async fn sessions_revoke(&self, ctx: &Context<'_>) -> Result<SessionsRevokePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = own::revoke_others(app, actor).await;
        let outcome = outcome.map(|count| count as u64);
        Ok(SessionsRevokePayload::of(app, outcome)?)
    }
}
