//! The one call that makes a post visible: `media_publish` of a finished container.

use posthaste_core::{
    Network,
    connector::{Ctx, Failure, FailureClass, Outcome, Published, Session},
};
use serde_json::Value;

use super::prepare::Ready;
use crate::meta::{COSMETIC, Graph};

/// Publishes the container.
pub async fn publish(ctx: &Ctx, session: &Session, ready: &Value) -> Outcome {
    let Ok(ready) = serde_json::from_value::<Ready>(ready.clone()) else {
        let message = "The prepared post cannot be read; it is prepared anew.";
        return Outcome::Failed(Failure::new(FailureClass::Retry, message));
    };
    let graph = Graph::new(ctx, Network::Instagram, &session.access);
    let request = graph.post(&format!("/{}/media_publish", session.account_id));
    let answer = match graph
        .publish(request.form([("creation_id", ready.container)]))
        .await
    {
        Ok(answer) => answer,
        Err(outcome) => return outcome,
    };
    let Some(id) = answer["id"].as_str().filter(|id| !id.is_empty()) else {
        return Outcome::Unknown {
            reason: "Instagram answered with success, but without an id.".to_owned(),
        };
    };
    Outcome::Published(Published {
        remote_id: id.to_owned(),
        permalink: permalink(&graph, id).await,
    })
}

async fn permalink(graph: &Graph<'_>, id: &str) -> Option<String> {
    let mut request = graph.get(&format!("/{id}")).query("fields", "permalink");
    request.timeout = COSMETIC;
    let body = graph.call(request).await.ok()?;
    body["permalink"].as_str().map(str::to_owned)
}
