//! Following a subscription over server-sent events.

use axum::{
    body::{Body, BodyDataStream},
    http::{Request, header},
};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::world::World;

/// An open subscription.
pub struct Follower {
    body: BodyDataStream,
    text: String,
    /// The id of the event heard last.
    pub last_id: Option<String>,
}

impl Follower {
    /// Opens one with a key; an empty key sends none.
    pub async fn open(world: &World, key: &str, query: &str, variables: Value) -> Self {
        Self::send(world, key, query, variables, None).await
    }

    /// Opens one again after an event that was heard.
    pub async fn resume(world: &World, key: &str, query: &str, last_id: &str) -> Self {
        Self::send(world, key, query, json!({}), Some(last_id)).await
    }

    async fn send(
        world: &World,
        key: &str,
        query: &str,
        variables: Value,
        last_id: Option<&str>,
    ) -> Self {
        let mut request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream");
        if let Some(last_id) = last_id {
            request = request.header("last-event-id", last_id);
        }
        if !key.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let body = json!({ "query": query, "variables": variables }).to_string();
        let response = world.send(request.body(Body::from(body)).unwrap()).await;
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
            last_id: None,
        }
    }

    /// The next result; nothing once the subscription is complete.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::trim)
                };
                match field("event:") {
                    Some("complete") => return None,
                    Some("next") => {
                        if let Some(id) = field("id:") {
                            self.last_id = Some(id.to_owned());
                        }
                        return Some(serde_json::from_str(field("data:").unwrap()).unwrap());
                    }
                    _ => continue,
                }
            }
            let piece = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }
}
