use async_graphql::{Context, Object, Result};
use posthaste_engine::oauth::{self as engine, Whose};
use posthaste_store::oauth;

use super::{OauthApp, OauthGrant};
use crate::graphql::{
    context::both,
    page::{self, Args, List},
};

/// The lists' names in their cursors.
const APPS: &str = "oauthApps";
const GRANTS: &str = "oauthGrants";

/// A grant and whose it is.
type Found = (oauth::OauthGrant, oauth::Holder);

/// Reads of apps of others.
#[derive(Default)]
pub struct OauthQuery;

#[Object]
impl OauthQuery {
    /// The apps that the workspace registered, in the order in which it did. Needs `MANAGE_KEYS`.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn oauth_apps(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<OauthApp>> {
        let (app, actor) = both(ctx)?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(APPS)?;
        let found = engine::list(app, actor, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor).await?)
        } else {
            None
        };
        let place = |row: &oauth::OauthApp| (Some(row.created_at), row.id.uuid());
        Ok(page::list(APPS, found, total, place, OauthApp))
    }

    /// What you let apps do, in all workspaces, the newest first; or what everybody lets them do in this one, which needs
    /// `MANAGE_KEYS`.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn oauth_grants(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Everybody's in this workspace, in the place of your own.",
            default = false
        )]
        of_workspace: bool,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<OauthGrant>> {
        let (app, actor) = both(ctx)?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(GRANTS)?;
        let whose = if of_workspace {
            Whose::Everybodys
        } else {
            Whose::Own
        };
        let found = engine::list_grants(app, actor, whose, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count_grants(app, actor, whose).await?)
        } else {
            None
        };
        let place = |(row, _): &Found| (Some(row.created_at), row.id.uuid());
        let shown = |(row, holder): Found| OauthGrant(row, holder);
        Ok(page::list(GRANTS, found, total, place, shown))
    }
}
