//! X.

mod consent;
mod limits;
mod media;
mod posts;

use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::{
    files::jpeg,
    world::{Answered, World},
};

const USER: &str = "1800000000000000001";
const OTHER: &str = "1800000000000000002";
const API: &str = "/api.x.com/2";

struct Profile {
    world: World,
    token: String,
}

impl Profile {
    async fn start() -> Self {
        let world = World::start().await;
        world.switch(json!({ "processingMs": 20 })).await;
        let token = world.token("X", USER).await;
        Self { world, token }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answered {
        let mut request = self.world.request(method, &format!("{API}{path}"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.world.send(request.bearer_auth(&self.token)).await
    }

    async fn get(&self, path: &str) -> Answered {
        self.call(Method::GET, path, None).await
    }

    async fn send(&self, path: &str, body: Value) -> Answered {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn tweet(&self, body: Value) -> Answered {
        self.send("/tweets", body).await
    }

    async fn form(&self, path: &str, form: Form) -> Answered {
        let request = self.world.request(Method::POST, &format!("{API}{path}"));
        self.world
            .send(request.bearer_auth(&self.token).multipart(form))
            .await
    }

    async fn photo(&self) -> String {
        let form = Form::new()
            .part("media", Part::bytes(jpeg(40, 30)).file_name("a.jpg"))
            .text("media_category", "tweet_image");
        let made = self.form("/media/upload", form).await.ok();
        made["data"]["id"].as_str().unwrap().to_owned()
    }

    /// Uploads in two parts and finalizes.
    async fn in_parts(&self, bytes: &[u8], kind: &str, category: &str) -> Answered {
        let wish =
            json!({ "media_type": kind, "total_bytes": bytes.len(), "media_category": category });
        let made = self.send("/media/upload/initialize", wish).await.ok();
        let id = made["data"]["id"].as_str().unwrap().to_owned();
        for (n, part) in bytes.chunks(bytes.len().div_ceil(2)).enumerate() {
            // Some clients send the part without a file name.
            let form = Form::new()
                .part("media", Part::bytes(part.to_vec()))
                .text("segment_index", n.to_string());
            self.form(&format!("/media/upload/{id}/append"), form)
                .await
                .ok();
        }
        self.call(Method::POST, &format!("/media/upload/{id}/finalize"), None)
            .await
    }

    async fn status(&self, id: &str) -> Value {
        let path = format!("/media/upload?command=STATUS&media_id={id}");
        let mut state = json!(null);
        for _ in 0..100 {
            state = self.get(&path).await.ok()["data"]["processing_info"]["state"].clone();
            if state != "in_progress" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        state
    }

    async fn fault(&self, mut rule: Value) {
        rule["network"] = "X".into();
        self.world.fault(rule).await;
    }
}

/// Status and `detail`.
fn problem(answered: &Answered) -> (u16, &str) {
    (
        answered.status,
        answered.body["detail"].as_str().unwrap_or_default(),
    )
}

const DUPLICATE: &str = "You are not allowed to create a Tweet with duplicate content.";
const NOT_PERMITTED: &str = "You are not permitted to perform this action.";
const INVALID: &str = "One or more parameters to your request was invalid.";
