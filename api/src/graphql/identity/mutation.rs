use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_core::{Result as CoreResult, secret::Secret};
use posthaste_engine::{
    App,
    identity::{
        self as engine, Newcomer,
        begin::{self, Opening},
        redeem::{self, Redemption},
    },
    session::Opened,
};

use super::Identity;
use crate::graphql::{
    context::{app, both, caller},
    payload::{MutationError, Warning, payload, split},
    scalars,
    viewer::SessionFromProviderPayload,
};

/// What a sign-in by a provider came to.
#[derive(InputObject)]
pub struct SessionFromProviderInput {
    /// The code that the browser came back with. It works once, for 60 seconds.
    code: String,
    /// The word of which the challenge was the SHA-256, if there was one. Without, the cookie counts that the browser got.
    verifier: Option<String>,
    /// The code of your authenticator app, if you have one (`SECOND_FACTOR_REQUIRED`); then `code` works for five minutes.
    totp_code: Option<String>,
    /// A recovery code in the place of that.
    recovery_code: Option<String>,
    /// The workspace to open; the one joined first when left out.
    workspace_id: Option<ID>,
    /// The name of the workspace that is founded when a new person registers; the person's name when left out.
    workspace_name: Option<String>,
    /// Its IANA zone; what the provider tells of the person when left out, else UTC.
    time_zone: Option<String>,
}

/// Which provider, and where it is to end.
#[derive(InputObject)]
pub struct IdentityLinkStartInput {
    /// The provider's name.
    provider: String,
    /// Where the browser goes with a `code` in the end: a path or address of this server, of an origin that it knows, or on 127.0.0.1.
    return_to: String,
    /// The SHA-256, in base 64 for addresses, of a word that `identityLink` then takes. Needed elsewhere than at this server's own pages.
    challenge: Option<String>,
}

/// Which provider, and where it is to end.
#[derive(InputObject)]
pub struct IdentityProofStartInput {
    /// The provider's name.
    provider: String,
    /// Where the browser goes with a `code` in the end: a path or address of this server, of an origin that it knows, or on 127.0.0.1.
    return_to: String,
    /// The SHA-256, in base 64 for addresses, of a word that `sessionReauthenticate` then takes. Needed elsewhere than at this server's own pages.
    challenge: Option<String>,
}

/// What a sign-in at a provider came to that was begun by `identityLinkStart`.
#[derive(InputObject)]
pub struct IdentityLinkInput {
    /// The code that the browser came back with. It works once, for 60 seconds.
    code: String,
    /// The word of which the challenge was the SHA-256, if there was one. Without, the cookie counts that the browser got.
    verifier: Option<String>,
}

/// The identity to unlink.
#[derive(InputObject)]
pub struct IdentityUnlinkInput {
    /// The id (`idn_…`).
    id: ID,
}

macro_rules! openings {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(SimpleObject)]
            pub struct $name {
                /// The address to open in a browser; it works once.
                address: Option<String>,
                /// Until when it can be opened.
                address_expires_at: Option<DateTime<Utc>>,
                /// Why there is none; empty when it worked.
                errors: Vec<MutationError>,
                /// What a person should know although it worked.
                warnings: Vec<Warning>,
            }

            impl $name {
                fn of(app: &App, outcome: CoreResult<Opening>) -> CoreResult<Self> {
                    let (opening, errors) = split(app, outcome)?;
                    let opening = opening.as_ref();
                    Ok(Self {
                        address: opening.map(|it| it.address.expose().to_owned()),
                        address_expires_at: opening.map(|it| it.expires_at),
                        errors,
                        warnings: Vec::new(),
                    })
                }
            }
        )*
    };
}

openings! {
    /// What came of asking for an address to link an identity by.
    IdentityLinkStartPayload;

    /// What came of asking for an address to show again by who one is.
    IdentityProofStartPayload;
}

payload! {
    /// What came of linking an identity.
    IdentityLinkPayload {
        /// The identity.
        identity: Identity
    }
}

payload! {
    /// What came of unlinking an identity.
    IdentityUnlinkPayload {
        /// The id of the identity that is linked no more.
        unlinked_id: ID
    }
}

/// Signing in by providers, and identities there.
#[derive(Default)]
pub struct IdentityMutation;

#[Object]
impl IdentityMutation {
    /// Signs a person in whom a provider has recognised: turns the code that the browser came back with from `/auth/oidc/…` into tokens. Needs no
    /// credential. Whoever is nobody here yet registers, where an invitation or the operator allows it (`IDENTITY_UNKNOWN`).
    async fn session_from_provider(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the sign-in came to.")] input: SessionFromProviderInput,
    ) -> Result<SessionFromProviderPayload> {
        let (app, client) = (app(ctx)?, &caller(ctx)?.client);
        let outcome = async {
            let workspace = input
                .workspace_id
                .map(|id| scalars::id(&id, &["workspaceId"]))
                .transpose()?;
            let with = Redemption {
                code: Secret::new(input.code),
                verifier: input.verifier.map(Secret::new),
                totp: input.totp_code.map(Secret::new),
                recovery_code: input.recovery_code.map(Secret::new),
            };
            let newcomer = Newcomer {
                workspace: input.workspace_name,
                time_zone: input.time_zone,
            };
            let session = redeem::sign_in(app, with, workspace, &newcomer, client).await?;
            Opened::new(app, session)
        };
        Ok(SessionFromProviderPayload::of(app, outcome.await)?)
    }

    /// Begins to link an identity at a provider to you: gives the address to open in the browser, which comes back with a `code`
    /// for `identityLink`. Takes a fresh proof (`REAUTHENTICATION_REQUIRED`).
    async fn identity_link_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The provider.")] input: IdentityLinkStartInput,
    ) -> Result<IdentityLinkStartPayload> {
        let (app, actor) = both(ctx)?;
        let challenge = input.challenge.as_deref();
        let outcome = begin::link(app, actor, &input.provider, &input.return_to, challenge).await;
        Ok(IdentityLinkStartPayload::of(app, outcome)?)
    }

    /// Links the identity that was shown at a provider: from now on it signs you in. In the session that began it.
    async fn identity_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the sign-in at the provider came to.")] input: IdentityLinkInput,
    ) -> Result<IdentityLinkPayload> {
        let (app, actor) = both(ctx)?;
        let with = Redemption {
            code: Secret::new(input.code),
            verifier: input.verifier.map(Secret::new),
            totp: None,
            recovery_code: None,
        };
        let client = &caller(ctx)?.client;
        let outcome = redeem::link(app, actor, with, client).await;
        Ok(IdentityLinkPayload::of(app, outcome.map(Identity::from))?)
    }

    /// Unlinks an identity: it signs nobody in any more. Takes a fresh proof, and something else to sign in with (`LAST_SIGN_IN`).
    async fn identity_unlink(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The identity.")] input: IdentityUnlinkInput,
    ) -> Result<IdentityUnlinkPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::unlink(app, actor, id).await.map(ID::from)
        };
        Ok(IdentityUnlinkPayload::of(app, outcome.await)?)
    }

    /// Begins to show by a provider again who you are: gives the address to open in the browser, which comes back with a `code`
    /// that `sessionReauthenticate` takes as `providerCode`. The provider has you sign in anew.
    async fn identity_proof_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The provider.")] input: IdentityProofStartInput,
    ) -> Result<IdentityProofStartPayload> {
        let (app, actor) = both(ctx)?;
        let challenge = input.challenge.as_deref();
        let outcome = begin::prove(app, actor, &input.provider, &input.return_to, challenge).await;
        Ok(IdentityProofStartPayload::of(app, outcome)?)
    }
}
