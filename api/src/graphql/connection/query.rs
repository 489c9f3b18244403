use async_graphql::{Context, ID, InputObject, Object, Result};
use posthaste_engine::connection as engine;
use posthaste_store::connection::Filter;

use super::{
    Connection,
    types::{ConnectionGrant, ConnectionStatus},
};
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    scalars::{self, Network},
};

/// The list's name in its cursors.
const LIST: &str = "connections";

/// What a list of connections is narrowed by.
#[derive(InputObject, Default)]
pub struct ConnectionFilter {
    /// Only these networks.
    networks: Option<Vec<Network>>,
    /// Only these states; without it all but removed ones.
    statuses: Option<Vec<ConnectionStatus>>,
}

impl From<ConnectionFilter> for Filter {
    fn from(filter: ConnectionFilter) -> Self {
        Self {
            networks: filter
                .networks
                .map(|list| list.into_iter().map(Into::into).collect()),
            statuses: filter
                .statuses
                .map(|list| list.into_iter().map(Into::into).collect()),
        }
    }
}

/// Reads of connections.
#[derive(Default)]
pub struct ConnectionQuery;

#[Object]
impl ConnectionQuery {
    /// The connected accounts, in the order in which they were connected.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn connections(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<ConnectionFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<Connection>> {
        let (app, actor) = both(ctx)?;
        let filter = Filter::from(filter.unwrap_or_default());
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = engine::list(app, actor, &filter, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor, &filter).await?)
        } else {
            None
        };
        Ok(page::list(
            LIST,
            found,
            total,
            |row| (row.created_at, row.id.uuid()),
            Connection,
        ))
    }

    /// The connected account with an id, also when it was removed.
    async fn connection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`conn_…`).")] id: ID,
    ) -> Result<Connection> {
        let (app, actor) = both(ctx)?;
        Ok(Connection(
            engine::get(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// A consent on its way, with the accounts it opened.
    async fn connection_grant(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`grant_…`).")] id: ID,
    ) -> Result<ConnectionGrant> {
        let (app, actor) = both(ctx)?;
        let (row, accounts) = engine::grant(app, actor, scalars::id(&id, &["id"])?).await?;
        Ok(ConnectionGrant { row, accounts })
    }
}
