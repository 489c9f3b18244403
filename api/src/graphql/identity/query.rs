use async_graphql::{Context, Object, Result};
use posthaste_engine::identity;

use super::{Identity, IdentityProvider};
use crate::graphql::context::{app, both};

/// Reads about providers.
#[derive(Default)]
pub struct IdentityQuery;

#[Object]
impl IdentityQuery {
    /// The providers that people may sign in by. Needs no credential.
    async fn identity_providers(&self, ctx: &Context<'_>) -> Result<Vec<IdentityProvider>> {
        let app = app(ctx)?;
        let all = app.providers.all();
        Ok(all.map(|one| IdentityProvider::new(app, one)).collect())
    }

    /// Who you are at providers, the first linked first.
    async fn identities(&self, ctx: &Context<'_>) -> Result<Vec<Identity>> {
        let (app, actor) = both(ctx)?;
        let rows = identity::list(app, actor).await?;
        Ok(rows.into_iter().map(Identity::from).collect())
    }
}
