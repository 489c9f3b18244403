use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Error, ErrorCode, Result as CoreResult, ids::ConnectionId, secret::Secret};
use posthaste_engine::{
    App,
    key::{self as engine, Change, Rights, Wanted},
};
use posthaste_store::key;

use super::key::{ApiKey, ApiKeyKind};
use crate::graphql::{
    context::both,
    idempotency::once,
    payload::{MutationError, Warning, payload, split_all},
    scalars::{self, Permission, Role},
};

/// The API key to make.
#[derive(InputObject)]
pub struct ApiKeyCreateInput {
    /// The name, 1 to 100 characters.
    name: String,
    /// A role whose permissions it has, not more than yours; or name `permissions`.
    role: Option<Role>,
    /// What it may do, not more than you; or name a `role`.
    permissions: Option<Vec<Permission>>,
    /// When it ends; left out for never. A key that ends makes none that ends later.
    expires_at: Option<DateTime<Utc>>,
    /// Whose it is. When left out: yours, or whose the key of the request is. A person needs
    /// `MANAGE_MEMBERS` for a `SERVICE`.
    kind: Option<ApiKeyKind>,
    /// The connections that it is limited to (`conn_…`, 1 to 500); all when left out.
    connection_ids: Option<Vec<ID>>,
}

/// What to change; what is left out stays.
#[derive(InputObject)]
pub struct ApiKeyUpdateInput {
    /// The id (`key_…`).
    id: ID,
    /// The name, 1 to 100 characters.
    name: Option<String>,
    /// When it ends; null for never.
    expires_at: MaybeUndefined<DateTime<Utc>>,
}

/// The API key that gets a new secret.
#[derive(InputObject)]
pub struct ApiKeyRotateInput {
    /// The id (`key_…`).
    id: ID,
    /// How many hours the secret before works on, 0 to 168; 24 when nothing is said.
    grace_hours: Option<i32>,
}

/// The API key to revoke.
#[derive(InputObject)]
pub struct ApiKeyRevokeInput {
    /// The id (`key_…`).
    id: ID,
}

/// What came of making a key or a new secret.
#[derive(SimpleObject)]
pub struct ApiKeySecretPayload {
    /// The key.
    api_key: Option<ApiKey>,
    /// The secret to send as `Authorization: Bearer …`; shown this once.
    secret: Option<String>,
    /// Why nothing was changed; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

impl ApiKeySecretPayload {
    fn of(app: &App, outcome: CoreResult<(Secret, key::ApiKey), Vec<Error>>) -> CoreResult<Self> {
        let (made, errors) = split_all(app, outcome)?;
        let (secret, row) = made.unzip();
        Ok(Self {
            api_key: row.map(ApiKey),
            secret: secret.map(|secret| secret.expose().to_owned()),
            errors,
            warnings: Vec::new(),
        })
    }
}

payload! {
    /// What came of changing an API key.
    ApiKeyPayload {
        /// The key as it is now.
        api_key: ApiKey
    }
}

fn limit(ids: Option<Vec<ID>>) -> CoreResult<Option<Vec<ConnectionId>>> {
    ids.map(|ids| scalars::ids(&ids, "connectionIds"))
        .transpose()
}

/// What a key is to have: a role, or permissions of its own.
fn rights(role: Option<Role>, permissions: Option<Vec<Permission>>) -> CoreResult<Rights> {
    match (role, permissions) {
        (Some(role), None) => Ok(Rights::Role(role.0)),
        (None, Some(own)) => Ok(Rights::Only(own.into_iter().map(|one| one.0).collect())),
        _ => {
            let message = "Name either a role or permissions.";
            Err(Error::new(ErrorCode::InvalidInput, message).at(["role"]))
        }
    }
}

/// Changes of API keys; all need the permission `MANAGE_KEYS`, and nobody changes keys that may do more.
#[derive(Default)]
pub struct KeyMutation;

#[Object]
impl KeyMutation {
    /// Makes an API key. Its secret is shown this once.
    async fn api_key_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to make.")] input: ApiKeyCreateInput,
    ) -> Result<ApiKeySecretPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let wanted = Wanted {
                rights: rights(input.role, input.permissions).map_err(|error| vec![error])?,
                name: input.name,
                expires_at: input.expires_at,
                connections: limit(input.connection_ids).map_err(|error| vec![error])?,
                owner: input.kind.map(Into::into),
            };
            engine::create(app, actor, wanted, once(ctx).as_ref()).await
        };
        Ok(ApiKeySecretPayload::of(app, outcome.await)?)
    }

    /// Renames an API key or changes when it ends. To let one end later takes what `apiKeyRotate` takes.
    async fn api_key_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: ApiKeyUpdateInput,
    ) -> Result<ApiKeyPayload> {
        let (app, actor) = both(ctx)?;
        let change = Change {
            name: input.name,
            expires_at: match input.expires_at {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(end) => Some(Some(end)),
            },
        };
        let outcome = async {
            let id = scalars::id(&input.id, &["id"]).map_err(|error| vec![error])?;
            engine::update(app, actor, id, change).await.map(ApiKey)
        };
        let (api_key, errors) = split_all(app, outcome.await)?;
        Ok(ApiKeyPayload {
            api_key,
            errors,
            warnings: Vec::new(),
        })
    }

    /// Gives an API key a new secret, shown this once. The secret before works a while longer, so that
    /// programs can be changed one after the other; one from an earlier rotation ends now. A person rotates the own
    /// keys, and with `MANAGE_MEMBERS` those of services; another person's key can only be revoked.
    async fn api_key_rotate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key that gets a new secret.")] input: ApiKeyRotateInput,
    ) -> Result<ApiKeySecretPayload> {
        let (app, actor) = both(ctx)?;
        let grace = input
            .grace_hours
            .map(|hours| TimeDelta::hours(i64::from(hours)));
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::rotate(app, actor, id, grace, once(ctx).as_ref()).await
        };
        let outcome = outcome.await.map_err(|error| vec![error]);
        Ok(ApiKeySecretPayload::of(app, outcome)?)
    }

    /// Revokes an API key and the keys that it made: requests with them are refused from now on, and their
    /// open subscriptions end within seconds. This cannot be undone.
    async fn api_key_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to revoke.")] input: ApiKeyRevokeInput,
    ) -> Result<ApiKeyPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::revoke(app, actor, id).await.map(ApiKey)
        };
        Ok(ApiKeyPayload::of(app, outcome.await)?)
    }
}
