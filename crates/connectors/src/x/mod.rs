//! X: OAuth 2.0 with PKCE, uploads in pieces, `POST /2/tweets`, read-back by text.

pub(crate) mod api;
mod capabilities;
mod chars;
mod check;
mod emoji;
mod error;
mod links;
mod lookup;
mod media;
mod metrics;
mod oauth;
mod publish;
#[cfg(test)]
mod tests;
pub mod text;

use async_trait::async_trait;
pub use capabilities::CAPABILITIES;
use chrono::{DateTime, Utc};
use posthaste_core::{
    connector::{
        Account, Authorization, Capabilities, Connector, Ctx, Exhausted, Failure, Intent,
        LimitReading, Lookup, Outcome, Prepared, Rendition, Session, TokenSet,
    },
    metric::{LivePost, Reading},
    ports::Response,
    post::Problem,
};
use serde_json::Value;

/// The connector of X.
#[derive(Debug)]
pub struct X;

#[async_trait]
impl Connector for X {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn count(&self, text: &str) -> usize {
        text::weight(text)
    }

    fn has_link(&self, text: &str) -> bool {
        text::has_link(text)
    }

    /// The link stands below an empty line, or after a space when that is one character too many.
    fn compose(&self, rendition: &Rendition) -> String {
        let text = rendition.text.trim();
        match rendition.link.as_deref() {
            None => text.to_owned(),
            Some(link) if text.is_empty() => link.to_owned(),
            Some(link) => {
                let below = format!("{text}\n\n{link}");
                if self.count(&below) <= text::MAX_WEIGHT {
                    below
                } else {
                    format!("{text} {link}")
                }
            }
        }
    }

    fn check(&self, rendition: &Rendition) -> Vec<Problem> {
        check::check(rendition, &self.compose(rendition))
    }

    fn exhausted(&self, answer: &Response, _now: DateTime<Utc>) -> Option<Exhausted> {
        error::exhausted(answer)
    }

    fn limits(&self, answer: &Response) -> Vec<LimitReading> {
        error::limits(answer)
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

    async fn revoke(&self, ctx: &Ctx, tokens: &TokenSet) -> Result<(), Failure> {
        oauth::revoke(ctx, tokens).await
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
        publish::publish(ctx, session, &self.compose(rendition), ready).await
    }

    async fn lookup(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        intent: &Intent,
    ) -> Result<Lookup, Failure> {
        lookup::lookup(ctx, session, &self.compose(rendition), intent).await
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
