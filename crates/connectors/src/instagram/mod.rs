//! Instagram professional accounts through Facebook Login (networks.md, section 3).

mod capabilities;
mod container;
mod limit;
mod lookup;
mod metrics;
mod prepare;
mod publish;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use posthaste_core::{
    Network,
    connector::{
        Account, Authorization, Capabilities, Connector, Ctx, Exhausted, Failure, FailureClass,
        Intent, LimitReading, Lookup, Outcome, Prepared, Rendition, Session, TokenSet,
    },
    metric::{LivePost, Reading},
    ports::Response,
    post::Problem,
    secret::Secret,
};
use serde_json::Value;

use crate::{
    check,
    meta::{self, Graph, oauth},
};
use capabilities::CAPABILITIES;

/// Stands before a container's id when the post is live and its own id could not be told.
const CONTAINER_PREFIX: &str = "container:";

/// Instagram.
pub struct Instagram;

#[async_trait]
impl Connector for Instagram {
    fn capabilities(&self) -> &'static Capabilities {
        &CAPABILITIES
    }

    fn count(&self, text: &str) -> usize {
        text.chars().count()
    }

    fn compose(&self, rendition: &Rendition) -> String {
        match rendition.link.as_deref() {
            Some(link) if rendition.text.is_empty() => link.to_owned(),
            Some(link) => format!("{}\n\n{link}", rendition.text),
            None => rendition.text.clone(),
        }
    }

    fn check(&self, rendition: &Rendition) -> Vec<Problem> {
        let length = self.count(&self.compose(rendition));
        let mut found = check::common(&CAPABILITIES, rendition, length);
        found.extend(capabilities::check_frame_rates(rendition));
        found
    }

    fn exhausted(&self, answer: &Response, now: DateTime<Utc>) -> Option<Exhausted> {
        meta::exhausted(answer, now)
    }

    async fn publishing_limit(
        &self,
        ctx: &Ctx,
        session: &Session,
    ) -> Result<Option<LimitReading>, Failure> {
        limit::read(ctx, session).await
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
        oauth::exchange(ctx, Network::Instagram, authorization, code).await
    }

    /// The professional accounts linked to the person's pages; the page's token publishes.
    async fn accounts(&self, ctx: &Ctx, tokens: &TokenSet) -> Result<Vec<Account>, Failure> {
        let fields = "access_token,instagram_business_account";
        let pages = oauth::pages(ctx, Network::Instagram, tokens, fields).await?;
        let mut accounts = Vec::new();
        for page in &pages {
            let id = page["instagram_business_account"]["id"].as_str();
            let token = page["access_token"].as_str();
            let Some((id, token)) = id.zip(token) else {
                continue;
            };
            let profile = profile(ctx, id, &Secret::new(token)).await?;
            let avatar = &profile["profile_picture_url"];
            accounts.extend(oauth::account(&profile, avatar, token, tokens));
        }
        Ok(accounts)
    }

    async fn refresh(&self, _ctx: &Ctx, _tokens: &TokenSet) -> Result<TokenSet, Failure> {
        Err(oauth::refresh(Network::Instagram))
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
        let caption = self.compose(rendition);
        prepare::prepare(ctx, session, rendition, &caption, progress).await
    }

    async fn publish(
        &self,
        ctx: &Ctx,
        session: &Session,
        _rendition: &Rendition,
        ready: &Value,
    ) -> Outcome {
        publish::publish(ctx, session, ready).await
    }

    async fn lookup(
        &self,
        ctx: &Ctx,
        session: &Session,
        rendition: &Rendition,
        intent: &Intent,
    ) -> Result<Lookup, Failure> {
        let caption = self.compose(rendition);
        lookup::lookup(ctx, session, rendition, &caption, intent).await
    }

    async fn delete(&self, ctx: &Ctx, session: &Session, remote_id: &str) -> Result<(), Failure> {
        if remote_id.starts_with(CONTAINER_PREFIX) {
            let message = "Instagram did not tell the id of this post. Delete it in the app.";
            return Err(Failure::new(FailureClass::Rejected, message));
        }
        let graph = Graph::new(ctx, Network::Instagram, &session.access);
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

async fn profile(ctx: &Ctx, id: &str, token: &Secret) -> Result<Value, Failure> {
    let graph = Graph::new(ctx, Network::Instagram, token);
    let fields = "id,username,name,profile_picture_url";
    let request = graph.get(&format!("/{id}"));
    graph.call(request.query("fields", fields)).await
}

#[cfg(test)]
mod tests;
