use async_graphql::{Context, Object, Result};
use posthaste_core::Network;
use posthaste_engine::connection;

use super::NetworkInfo;
use crate::graphql::context::both;

/// Reads about the networks.
#[derive(Default)]
pub struct NetworkQuery;

#[Object]
impl NetworkQuery {
    /// Every network, with its limits and features and how it stands.
    async fn networks(&self, ctx: &Context<'_>) -> Result<Vec<NetworkInfo>> {
        let (app, actor) = both(ctx)?;
        let states = connection::networks(app, actor).await?;
        let info = |network| NetworkInfo {
            network,
            configured: app.apps.contains_key(&network),
            capabilities: app.connector(network).capabilities(),
            state: states
                .iter()
                .find(|state| state.network == network)
                .cloned(),
        };
        Ok(Network::ALL.into_iter().map(info).collect())
    }
}
