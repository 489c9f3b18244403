//! GraphQL and uploads with the owner's key.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{program, sandbox::Sandbox};

/// How often a post is looked at again.
const GLANCE: Duration = Duration::from_millis(200);

impl Sandbox {
    /// The data of a document; fails the test on any error.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let request = self
            .http
            .post(self.fact("/graphqlUrl"))
            .bearer_auth(self.fact("/keys/owner"));
        let mut answer: Value = request
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert!(answer["errors"].is_null(), "{query}\n{answer:#}");
        answer["data"].take()
    }

    /// The payload of a document with one mutation; fails the test when it did not work.
    pub async fn mutate(&self, query: &str, input: Value) -> Value {
        let mut data = self.graphql(query, json!({ "input": input })).await;
        let payload = data
            .as_object_mut()
            .and_then(|data| data.values_mut().next())
            .unwrap()
            .take();
        assert_eq!(payload["errors"], json!([]), "{query}");
        payload
    }

    /// Uploads the picture of the examples; its id.
    pub async fn upload_picture(&self) -> String {
        let bytes = std::fs::read(program::root().join("sandbox/examples/harbor.jpg")).unwrap();
        let request = self.http.post(format!(
            "{}/media?altText=The%20harbor",
            self.fact("/apiUrl")
        ));
        let request = request
            .bearer_auth(self.fact("/keys/owner"))
            .header("content-type", "image/jpeg")
            .body(bytes);
        let media: Value = request
            .send()
            .await
            .unwrap()
            .error_for_status()
            .unwrap()
            .json()
            .await
            .unwrap();
        media["id"].as_str().unwrap().to_owned()
    }

    /// Writes a post for connections; its id.
    pub async fn post(
        &self,
        text: &str,
        media: &[&str],
        connections: &[&str],
        schedule: Value,
    ) -> String {
        let media: Vec<_> = media.iter().map(|id| json!({ "id": id })).collect();
        let targets: Vec<_> = connections
            .iter()
            .map(|id| json!({ "connectionId": id }))
            .collect();
        let input =
            json!({ "text": text, "media": media, "targets": targets, "schedule": schedule });
        let query = "mutation($input: PostCreateInput!) {
            postCreate(input: $input) { post { id } errors { code message path } }
        }";
        let payload = self.mutate(query, input).await;
        payload["post"]["id"].as_str().unwrap().to_owned()
    }

    /// The first seeded connections of these networks.
    pub fn seeded(&self, networks: &[&str]) -> Vec<&str> {
        let connections = self.facts["connections"].as_array().unwrap();
        let first = |network: &&str| connections.iter().find(|row| row["network"] == **network);
        networks
            .iter()
            .map(|network| first(network).unwrap()["id"].as_str().unwrap())
            .collect()
    }

    /// The targets of a post with their tries.
    pub async fn targets(&self, post: &str) -> Vec<Value> {
        let query = "query($id: ID!) { post(id: $id) { targets {
            network state permalink dueAt error { code message }
            attempts { n kind outcome httpStatus } timeline(first: 100) { at kind message }
        } } }";
        let mut data = self.graphql(query, json!({ "id": post })).await;
        serde_json::from_value(data["post"]["targets"].take()).unwrap()
    }

    /// Waits until all targets of a post are published; shows what happened to them otherwise.
    pub async fn published(&self, post: &str, patience: Duration) -> Vec<Value> {
        let end = Instant::now() + patience;
        loop {
            let targets = self.targets(post).await;
            if targets.iter().all(|target| target["state"] == "PUBLISHED") {
                return targets;
            }
            assert!(Instant::now() < end, "not published: {targets:#?}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The posts on the walls that show this text, oldest first.
    pub async fn walls(&self, text: &str) -> Vec<Value> {
        let log = self.control.log().await.unwrap();
        log.into_iter()
            .filter(|post| {
                post["text"]
                    .as_str()
                    .is_some_and(|shown| shown.contains(text))
            })
            .collect()
    }
}
