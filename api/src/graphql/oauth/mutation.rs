use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use posthaste_core::{Error, Result as CoreResult, access::PermissionSet, secret::Secret};
use posthaste_engine::{
    App,
    oauth::{self as engine, Change, Wanted},
};
use posthaste_store::oauth;

use super::OauthApp;
use crate::graphql::{
    context::both,
    idempotency::once,
    payload::{MutationError, Warning, payload, split_all},
    scalars::{self, Permission},
};

/// The app to register.
#[derive(InputObject)]
pub struct OauthAppCreateInput {
    /// The name that people are shown, 1 to 100 characters.
    name: String,
    /// Where it may be answered, 1 to 20 addresses: `https`, `http` on loopback (`http://127.0.0.1/…`), or for apps without a secret a
    /// scheme of their own (`com.example.app:/…`).
    redirect_uris: Vec<String>,
    /// The most that it may ask for: `READ` at least, neither `MANAGE_KEYS` nor `OWN_WORKSPACE`.
    permissions: Vec<Permission>,
    /// Whether it can keep a secret: a program on a server can, one on people's machines or in a browser cannot.
    is_confidential: bool,
}

/// What to change; what is left out stays.
#[derive(InputObject)]
pub struct OauthAppUpdateInput {
    /// The id (`app_…`).
    id: ID,
    /// The version that was read.
    version: i32,
    /// The name that people are shown, 1 to 100 characters.
    name: Option<String>,
    /// Where it may be answered, 1 to 20 addresses.
    redirect_uris: Option<Vec<String>>,
    /// The most that it may ask for. What people agreed to stays.
    permissions: Option<Vec<Permission>>,
}

/// The app to remove.
#[derive(InputObject)]
pub struct OauthAppDeleteInput {
    /// The id (`app_…`).
    id: ID,
}

/// The app that gets a new secret.
#[derive(InputObject)]
pub struct OauthAppSecretRotateInput {
    /// The id (`app_…`).
    id: ID,
}

/// What an app may no longer do.
#[derive(InputObject)]
pub struct OauthGrantRevokeInput {
    /// The id (`ogr_…`).
    id: ID,
}

/// What came of registering an app or of a new secret.
#[derive(SimpleObject)]
pub struct OauthAppSecretPayload {
    /// The app.
    oauth_app: Option<OauthApp>,
    /// The `client_secret`, if it has one; shown this once.
    secret: Option<String>,
    /// Why nothing was changed; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

type Made = (Option<Secret>, oauth::OauthApp);

impl OauthAppSecretPayload {
    fn of(app: &App, outcome: CoreResult<Made, Vec<Error>>) -> CoreResult<Self> {
        let (made, errors) = split_all(app, outcome)?;
        let (secret, row) = made.unzip();
        Ok(Self {
            oauth_app: row.map(OauthApp),
            secret: secret.flatten().map(|secret| secret.expose().to_owned()),
            errors,
            warnings: Vec::new(),
        })
    }
}

payload! {
    /// What came of changing an app.
    OauthAppPayload {
        /// The app as it is now.
        oauth_app: OauthApp
    }
}

payload! {
    /// What came of removing an app.
    OauthAppDeletePayload {
        /// The id of the app that was removed.
        deleted_id: ID
    }
}

payload! {
    /// What came of taking back what an app may do.
    OauthGrantRevokePayload {
        /// The id of what ended.
        revoked_id: ID
    }
}

fn set(permissions: Vec<Permission>) -> PermissionSet {
    permissions.into_iter().map(|one| one.0).collect()
}

/// Changes of apps of others; those of apps need `MANAGE_KEYS`.
#[derive(Default)]
pub struct OauthMutation;

#[Object]
impl OauthMutation {
    /// Registers an app. Its secret, if it can keep one, is shown this once.
    async fn oauth_app_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The app to register.")] input: OauthAppCreateInput,
    ) -> Result<OauthAppSecretPayload> {
        let (app, actor) = both(ctx)?;
        let wanted = Wanted {
            name: input.name,
            redirect_uris: input.redirect_uris,
            permissions: set(input.permissions),
            is_confidential: input.is_confidential,
        };
        let outcome = engine::create(app, actor, wanted, once(ctx).as_ref()).await;
        Ok(OauthAppSecretPayload::of(app, outcome)?)
    }

    /// Changes an app. Another address takes a proof of who you are that is not older than ten minutes.
    async fn oauth_app_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: OauthAppUpdateInput,
    ) -> Result<OauthAppPayload> {
        let (app, actor) = both(ctx)?;
        let change = Change {
            name: input.name,
            redirect_uris: input.redirect_uris,
            permissions: input.permissions.map(set),
        };
        let outcome = async {
            let id = scalars::id(&input.id, &["id"]).map_err(|error| vec![error])?;
            let changed = engine::update(app, actor, id, input.version, change).await;
            changed.map(OauthApp)
        };
        let (oauth_app, errors) = split_all(app, outcome.await)?;
        Ok(OauthAppPayload {
            oauth_app,
            errors,
            warnings: Vec::new(),
        })
    }

    /// Removes an app. What people let it do ends with it, in all workspaces.
    async fn oauth_app_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The app to remove.")] input: OauthAppDeleteInput,
    ) -> Result<OauthAppDeletePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::delete(app, actor, id).await.map(ID::from)
        };
        Ok(OauthAppDeletePayload::of(app, outcome.await)?)
    }

    /// Gives an app another secret, shown this once. The one before is worth nothing any more; tokens that the app has work on.
    async fn oauth_app_secret_rotate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The app that gets a new secret.")] input: OauthAppSecretRotateInput,
    ) -> Result<OauthAppSecretPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            let (secret, row) = engine::rotate(app, actor, id, once(ctx).as_ref()).await?;
            Ok((Some(secret), row))
        };
        let outcome = outcome.await.map_err(|error: Error| vec![error]);
        Ok(OauthAppSecretPayload::of(app, outcome)?)
    }

    /// Takes back what an app may do: your own, or with `MANAGE_KEYS` anybody's in this workspace. The app's tokens open nothing
    /// from the next request on.
    async fn oauth_grant_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to take back.")] input: OauthGrantRevokeInput,
    ) -> Result<OauthGrantRevokePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::revoke(app, actor, id).await.map(ID::from)
        };
        Ok(OauthGrantRevokePayload::of(app, outcome.await)?)
    }
}
