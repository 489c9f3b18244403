use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use posthaste_core::{Result as CoreResult, ids::ConnectionId};
use posthaste_engine::{
    Actor, App,
    connection::{self as engine, Change, Chosen, ConsentRequest, Removed},
};
use posthaste_store::{connection::Connection as Row, grant};

use super::{Connection, types::ConnectionGrant};
use crate::graphql::{
    context::both,
    payload::{MutationError, Warning, payload, split},
    post::DryRun,
    scalars::{self, Network},
};

/// A consent to ask for.
#[derive(InputObject)]
pub struct ConnectionAuthorizeInput {
    /// The network.
    network: Network,
    /// Where to send the browser afterwards, with `?grant=…` added: a path of this server, or an
    /// address on it or on 127.0.0.1. A plain page otherwise.
    return_to: Option<String>,
    /// The connection to renew, instead of connecting new accounts.
    connection_id: Option<ID>,
}

/// The accounts to connect.
#[derive(InputObject)]
pub struct ConnectionCreateInput {
    /// The consent, READY.
    grant_id: ID,
    /// The networks' ids of the accounts, from the grant.
    account_ids: Vec<ID>,
    /// The board to use when a target names none.
    default_board_id: Option<ID>,
}

/// Inputs that name a connection and nothing else yet; one for each mutation, so that each can grow.
macro_rules! naming_inputs {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(InputObject)]
            pub struct $name {
                /// The id (`conn_…`).
                id: ID,
            }
        )*
    };
}

naming_inputs! {
    /// The connection to switch on.
    ConnectionEnableInput,
    /// The connection to switch off.
    ConnectionDisableInput,
    /// The connection to hold back.
    ConnectionPauseInput,
    /// The connection to let go on.
    ConnectionResumeInput,
}

/// The connection to take away.
#[derive(InputObject)]
pub struct ConnectionRemoveInput {
    /// The id (`conn_…`).
    id: ID,
    /// Only check it and show what would come of it: nothing is written or sent.
    #[graphql(default)]
    dry_run: bool,
}

/// The connection to renew.
#[derive(InputObject)]
pub struct ConnectionReconnectInput {
    /// The id (`conn_…`).
    id: ID,
    /// Where to send the browser afterwards, as in `connectionAuthorize`.
    return_to: Option<String>,
}

/// What to change; what is left out stays.
#[derive(InputObject)]
pub struct ConnectionUpdateInput {
    /// The id (`conn_…`).
    id: ID,
    /// The version that was read.
    version: i32,
    /// The display name.
    name: Option<String>,
    /// The board to use when a target names none; null takes it away.
    default_board_id: MaybeUndefined<ID>,
}

/// What came of asking for a consent.
#[derive(SimpleObject)]
pub struct ConnectionAuthorizePayload {
    /// The consent, PENDING.
    grant: Option<ConnectionGrant>,
    /// The network's page; open it in a browser.
    authorize_url: Option<String>,
    /// Why nothing was asked for; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

impl ConnectionAuthorizePayload {
    fn of(app: &App, outcome: CoreResult<(grant::Grant, String)>) -> CoreResult<Self> {
        let (asked, errors) = split(app, outcome)?;
        let (row, authorize_url) = asked.unzip();
        let grant = row.map(|row| ConnectionGrant {
            row,
            accounts: Vec::new(),
        });
        Ok(Self {
            grant,
            authorize_url,
            errors,
            warnings: Vec::new(),
        })
    }
}

payload! {
    /// What came of connecting accounts.
    ConnectionCreatePayload {
        /// The connections, in the order of the chosen accounts.
        connections: Vec<Connection>
    }
}

/// What came of changing a connection.
#[derive(SimpleObject)]
pub struct ConnectionPayload {
    /// The connection as it is now; of a dry run, as it would be.
    connection: Option<Connection>,
    /// What a dry run would have done; empty when it was none. Of a removal, the scheduled targets that
    /// would be cancelled, soonest first, at most 100.
    dry_run: Option<DryRun>,
    /// Why nothing was changed; empty when it worked.
    errors: Vec<MutationError>,
    /// What a person should know although it worked.
    warnings: Vec<Warning>,
}

impl ConnectionPayload {
    fn of(app: &App, outcome: CoreResult<Connection>) -> CoreResult<Self> {
        let (connection, errors) = split(app, outcome)?;
        Ok(Self {
            connection,
            dry_run: None,
            errors,
            warnings: Vec::new(),
        })
    }

    fn removed(app: &App, outcome: CoreResult<Removed>) -> CoreResult<Self> {
        let (removed, errors) = split(app, outcome)?;
        let Some(removed) = removed else {
            return Ok(Self {
                connection: None,
                dry_run: None,
                errors,
                warnings: Vec::new(),
            });
        };
        let warnings = removed.warnings.into_iter();
        Ok(Self {
            connection: Some(Connection(removed.connection)),
            dry_run: removed.trial.map(DryRun::from),
            errors,
            warnings: warnings.map(|problem| Warning::new(app, problem)).collect(),
        })
    }
}

/// Changes of connections; all take the permission `MANAGE_CONNECTIONS`.
#[derive(Default)]
pub struct ConnectionMutation;

#[Object]
impl ConnectionMutation {
    /// Asks for a consent: open `authorizeUrl` in a browser, then read `connectionGrant`, then call
    /// `connectionCreate`.
    async fn connection_authorize(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The consent to ask for.")] input: ConnectionAuthorizeInput,
    ) -> Result<ConnectionAuthorizePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let reconnect = input
                .connection_id
                .map(|id| scalars::id(&id, &["connectionId"]))
                .transpose()?;
            let request = ConsentRequest {
                network: input.network.into(),
                return_to: input.return_to,
                reconnect,
            };
            engine::authorize(app, actor, request).await
        };
        Ok(ConnectionAuthorizePayload::of(app, outcome.await)?)
    }

    /// Connects accounts that a consent opened. An account that is connected already gets the new access.
    async fn connection_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The accounts to connect.")] input: ConnectionCreateInput,
    ) -> Result<ConnectionCreatePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let chosen = Chosen {
                grant: scalars::id(&input.grant_id, &["grantId"])?,
                accounts: input.account_ids.into_iter().map(|id| id.0).collect(),
                default_destination: input.default_board_id.map(|id| id.0),
            };
            let rows = engine::create(app, actor, chosen).await?;
            Ok(rows.into_iter().map(Connection).collect())
        };
        Ok(ConnectionCreatePayload::of(app, outcome.await)?)
    }

    /// Asks for a consent that renews a connection. As soon as it is given, posts that wait for it go out.
    async fn connection_reconnect(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The connection to renew.")] input: ConnectionReconnectInput,
    ) -> Result<ConnectionAuthorizePayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            let network = engine::get(app, actor, id).await?.network;
            let request = ConsentRequest {
                network,
                return_to: input.return_to,
                reconnect: Some(id),
            };
            engine::authorize(app, actor, request).await
        };
        Ok(ConnectionAuthorizePayload::of(app, outcome.await)?)
    }

    /// Renames a connection or sets its default board.
    async fn connection_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: ConnectionUpdateInput,
    ) -> Result<ConnectionPayload> {
        let (app, actor) = both(ctx)?;
        let change = Change {
            name: input.name,
            default_destination: match input.default_board_id {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(id) => Some(Some(id.0)),
            },
        };
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::update(app, actor, id, input.version, change)
                .await
                .map(Connection)
        };
        Ok(ConnectionPayload::of(app, outcome.await)?)
    }

    /// Switches a connection on again.
    async fn connection_enable(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The connection.")] input: ConnectionEnableInput,
    ) -> Result<ConnectionPayload> {
        act(ctx, &input.id, engine::enable).await
    }

    /// Switches a connection off: nothing goes out until it is switched on; its schedule stays.
    async fn connection_disable(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The connection.")] input: ConnectionDisableInput,
    ) -> Result<ConnectionPayload> {
        act(ctx, &input.id, engine::disable).await
    }

    /// Holds the posts of a connection back until it is resumed.
    async fn connection_pause(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The connection.")] input: ConnectionPauseInput,
    ) -> Result<ConnectionPayload> {
        act(ctx, &input.id, engine::pause).await
    }

    /// Lets the posts of a connection go on.
    async fn connection_resume(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The connection.")] input: ConnectionResumeInput,
    ) -> Result<ConnectionPayload> {
        act(ctx, &input.id, engine::resume).await
    }

    /// Takes a connection away: its scheduled posts are cancelled and its access is given back. Refused
    /// while a post is on its way.
    async fn connection_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The connection.")] input: ConnectionRemoveInput,
    ) -> Result<ConnectionPayload> {
        let (app, actor) = both(ctx)?;
        let app = &app.dry_run(input.dry_run);
        let outcome = async {
            let id = scalars::id(&input.id, &["id"])?;
            engine::remove(app, actor, id).await
        };
        Ok(ConnectionPayload::removed(app, outcome.await)?)
    }
}

async fn act<'a>(
    ctx: &Context<'a>,
    id: &ID,
    action: impl AsyncFn(&'a App, &'a Actor, ConnectionId) -> CoreResult<Row>,
) -> Result<ConnectionPayload> {
    let (app, actor) = both(ctx)?;
    let outcome = async {
        let id = scalars::id(id, &["id"])?;
        action(app, actor, id).await.map(Connection)
    };
    Ok(ConnectionPayload::of(app, outcome.await)?)
}
