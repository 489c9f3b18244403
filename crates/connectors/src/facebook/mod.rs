//! Facebook Pages (networks.md, section 2).

mod capabilities;
mod lookup;
mod media;
mod metrics;
mod prepare;
mod publish;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use posthaste_core::{
    Network,
    connector::{
        Account, Authorization, Capabilities, Connector, Ctx, Exhausted, Failure, Intent, Lookup,
        Outcome, Prepared, Rendition, Session, TokenSet,
    },
    metric::{LivePost, Reading},
    ports::Response,
    post::{ContentKind, Problem},
};
use serde_json::Value;

use crate::{
    check,
    meta::{self, Graph, oauth},
};
use capabilities::CAPABILITIES;

/// Facebook Pages.
pub struct Facebook;

#[async_trait]
impl Connector for Facebook {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn count(&self, text: &str) -> usize {
        text.chars().count()
    }

    fn compose(&self, rendition: &Rendition) -> String {
        let link = rendition.link.as_deref();
        match link.filter(|_| !rendition.media.is_empty()) {
            Some(link) if rendition.text.is_empty() => link.to_owned(),
            Some(link) => format!("{}\n\n{link}", rendition.text),
            None => rendition.text.clone(),
        }
    }

    fn check(&self, rendition: &Rendition) -> Vec<Problem> {
        let length = self.count(&self.compose(rendition));
        let mut found = check::common(&CAPABILITIES, rendition, length);
        if rendition.kind != ContentKind::Feed {
            found.extend(capabilities::check_vertical_video(rendition));
        }
        found
    }

    fn exhausted(&self, answer: &Response, now: DateTime<Utc>) -> Option<Exhausted> {
        meta::exhausted(answer, now)
    }

    fn authorize_url(&self, ctx: &Ctx, authorization: &Authorization) -> String {
        oauth::authorize_url(ctx, authorization, CAPABILITIES.scopes)
    }

    async fn exchange(
        &self,
        ctx: &Ctx,
        authorization: &Authorization,
        code: &str,
    ) -> Result<TokenSet, Failure> {
        oauth::exchange(ctx, Network::Facebook, authorization, code).await
    }

    async fn accounts(&self, ctx: &Ctx, tokens: &TokenSet) -> Result<Vec<Account>, Failure> {
        let fields = "id,name,username,access_token,picture";
        let pages = oauth::pages(ctx, Network::Facebook, tokens, fields).await?;
        let account = |page: &Value| {
            let token = page["access_token"].as_str()?;
            oauth::account(page, &page["picture"]["data"]["url"], token, tokens)
        };
        Ok(pages.iter().filter_map(account).collect())
    }

    async fn refresh(&self, _ctx: &Ctx, _tokens: &TokenSet) -> Result<TokenSet, Failure> {
        Err(oauth::refresh(Network::Facebook))
    }

    /// A page's token cannot give back what a person granted, and that grant may serve other pages.
    async fn revoke(&self, _ctx: &Ctx, _tokens: &TokenSet) -> Result<(), Failure> {
        Ok(())
    }

    async fn prepare(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        progress: Option<Value>,
    ) -> Result<Prepared, Failure> {
        prepare::prepare(ctx, session, rendition, progress).await
    }

    async fn publish(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        ready: &Value,
    ) -> Outcome {
        let text = self.compose(rendition);
        publish::publish(ctx, session, rendition, &text, ready).await
    }

    async fn lookup(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        intent: &Intent,
    ) -> Result<Lookup, Failure> {
        let text = self.compose(rendition);
        lookup::lookup(ctx, session, rendition, &text, intent).await
    }

    async fn delete(&self, ctx: &Ctx, session: &Session, remote_id: &str) -> Result<(), Failure> {
        let graph = Graph::new(ctx, Network::Facebook, &session.access);
        match graph.call(graph.delete(&format!("/{remote_id}"))).await {
            Err(failure) if !meta::is_gone(&failure) => Err(failure),
            _ => Ok(()),
        }
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

#[cfg(test)]
mod tests;
