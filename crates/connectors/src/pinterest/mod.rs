//! Pinterest: pins with pictures by address, videos uploaded beforehand, read-back by board.

pub(crate) mod api;
mod capabilities;
mod check;
mod error;
mod lookup;
mod media;
mod metrics;
mod oauth;
mod publish;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
pub use capabilities::CAPABILITIES;
use posthaste_core::{
    connector::{
        Account, Authorization, Capabilities, Connector, Ctx, Destination, Failure, Intent, Lookup,
        Outcome, Prepared, Rendition, Session, TokenSet,
    },
    metric::{LivePost, Reading},
    post::Problem,
};
use serde_json::Value;

/// The connector of Pinterest.
#[derive(Debug)]
pub struct Pinterest;

#[async_trait]
impl Connector for Pinterest {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn count(&self, text: &str) -> usize {
        text.chars().count()
    }

    /// The description; title and link have fields of their own.
    fn compose(&self, rendition: &Rendition) -> String {
        rendition.text.trim().to_owned()
    }

    fn check(&self, rendition: &Rendition) -> Vec<Problem> {
        check::check(rendition, &self.compose(rendition))
    }

    fn authorize_url(&self, ctx: &Ctx, authorization: &Authorization) -> String {
        oauth::authorize_url(ctx, authorization)
    }

    async fn exchange(
        &self,
        ctx: &Ctx,
        authorization: &Authorization,
        code: &str,
    ) -> Result<TokenSet, Failure> {
        oauth::exchange(ctx, authorization, code).await
    }

    async fn accounts(&self, ctx: &Ctx, tokens: &TokenSet) -> Result<Vec<Account>, Failure> {
        oauth::accounts(ctx, tokens).await
    }

    async fn refresh(&self, ctx: &Ctx, tokens: &TokenSet) -> Result<TokenSet, Failure> {
        oauth::refresh(ctx, tokens).await
    }

    /// Pinterest lets only people end an app's access, in their settings.
    async fn revoke(&self, _ctx: &Ctx, _tokens: &TokenSet) -> Result<(), Failure> {
        Ok(())
    }

    async fn destinations(
        &self,
        ctx: &Ctx,
        session: &Session,
    ) -> Result<Vec<Destination>, Failure> {
        oauth::boards(ctx, session).await
    }

    async fn prepare(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        progress: Option<Value>,
    ) -> Result<Prepared, Failure> {
        media::prepare(ctx, session, rendition, progress).await
    }

    async fn publish(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        ready: &Value,
    ) -> Outcome {
        publish::publish(ctx, session, rendition, &self.compose(rendition), ready).await
    }

    async fn lookup(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        intent: &Intent,
    ) -> Result<Lookup, Failure> {
        lookup::lookup(ctx, session, rendition, &self.compose(rendition), intent).await
    }

    async fn delete(&self, ctx: &Ctx, session: &Session, remote_id: &str) -> Result<(), Failure> {
        publish::delete(ctx, session, remote_id).await
    }

    async fn metrics(
        &self,
        ctx: &Ctx,
        session: &Session,
        posts: &[LivePost],
    ) -> Result<Vec<Reading>, Failure> {
        metrics::metrics(ctx, session, posts).await
    }
}
