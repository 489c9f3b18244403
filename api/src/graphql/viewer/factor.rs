use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_core::secret::Secret;
use posthaste_engine::session::factor::{self as engine, Enrolment};

use crate::graphql::{
    context::both,
    payload::{MutationError, Warning, payload, split},
};

/// How your second factor stands.
#[derive(SimpleObject)]
pub struct SecondFactor {
    /// Since when codes of your authenticator app are asked for; null when they are not.
    totp_since: Option<DateTime<Utc>>,
    /// How many recovery codes you have left.
    recovery_codes_left: i64,
}

/// The first code of an authenticator app.
#[derive(InputObject)]
pub struct TotpConfirmInput {
    /// The code, six digits.
    code: String,
}

/// What came of asking for a secret for an authenticator app.
#[derive(SimpleObject)]
pub struct TotpEnrolPayload {
    /// The secret, in base 32; shown this once.
    secret: Option<String>,
    /// The same as an `otpauth:` address, to be shown as a QR code; shown this once.
    url: Option<String>,
    /// Why there is none; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

payload! {
    /// What came of confirming an authenticator app, or of asking for other recovery codes.
    RecoveryCodesPayload {
        /// Codes that stand in for the app once each; shown this once.
        recovery_codes: Vec<String>
    }
}

payload! {
    /// What came of taking an authenticator app away.
    TotpDisablePayload {
        /// Whether codes were asked for until now.
        disabled: bool
    }
}

fn shown(codes: Vec<Secret>) -> Vec<String> {
    let codes = codes.into_iter();
    codes.map(|code| code.expose().to_owned()).collect()
}

/// Reads of second factors.
#[derive(Default)]
pub struct FactorQuery;

#[Object]
impl FactorQuery {
    /// How your second factor stands.
    async fn second_factor(&self, ctx: &Context<'_>) -> Result<SecondFactor> {
        let (app, actor) = both(ctx)?;
        let standing = engine::standing(app, actor).await?;
        Ok(SecondFactor {
            totp_since: standing.totp_since,
            recovery_codes_left: standing.codes_left,
        })
    }
}

/// Changes of one's own second factor; all ask for a proof of who you are that is not older than ten minutes.
#[derive(Default)]
pub struct FactorMutation;

#[Object]
impl FactorMutation {
    /// A secret for an authenticator app (TOTP). Codes are not asked for before `totpConfirm`.
    async fn totp_enrol(&self, ctx: &Context<'_>) -> Result<TotpEnrolPayload> {
        let (app, actor) = both(ctx)?;
        let (made, errors) = split(app, engine::enrol(app, actor).await)?;
        let (secret, url) = made.map(|Enrolment { secret, url }| (secret, url)).unzip();
        let text = |secret: Secret| secret.expose().to_owned();
        Ok(TotpEnrolPayload {
            secret: secret.map(text),
            url: url.map(text),
            errors,
            warnings: Vec::new(),
        })
    }

    /// Shows by a code that the app has the secret: from now on `sessionCreate` asks for one.
    async fn totp_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code.")] input: TotpConfirmInput,
    ) -> Result<RecoveryCodesPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::confirm(app, actor, Secret::new(input.code)).await;
        Ok(RecoveryCodesPayload::of(app, outcome.map(shown))?)
    }

    /// Takes the authenticator app and the recovery codes away.
    async fn totp_disable(&self, ctx: &Context<'_>) -> Result<TotpDisablePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::disable(app, actor).await;
        Ok(TotpDisablePayload::of(app, outcome.map(|()| true))?)
    }

    /// Other recovery codes; those before are worth nothing from now on.
    async fn recovery_codes_renew(&self, ctx: &Context<'_>) -> Result<RecoveryCodesPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::renew_codes(app, actor).await;
        Ok(RecoveryCodesPayload::of(app, outcome.map(shown))?)
    }
}
