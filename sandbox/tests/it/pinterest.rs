//! Pinterest.

mod consent;
mod limits;
mod lists;
mod pins;
mod videos;

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::{
    files::jpeg,
    world::{Answered, World},
};

const USER: &str = "549755885175000001";
const OTHER: &str = "549755885175000002";
const BOARD: &str = "549755885175100010";
const SECOND_BOARD: &str = "549755885175100011";
const OTHERS_BOARD: &str = "549755885175100020";
const API: &str = "/api.pinterest.com/v5";

struct Profile {
    world: World,
    token: String,
}

impl Profile {
    async fn start() -> Self {
        let world = World::start().await;
        world.switch(json!({ "processingMs": 20 })).await;
        let token = world.token("PINTEREST", USER).await;
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

    /// Pins a picture with these further fields.
    async fn pin(&self, more: Value) -> Answered {
        let mut body = json!({ "board_id": BOARD, "media_source": base64_source(40, 60) });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.send("/pins", body).await
    }

    async fn fault(&self, mut rule: Value) {
        rule["network"] = "PINTEREST".into();
        self.world.fault(rule).await;
    }

    /// Registers and uploads a video; its id.
    async fn video(&self, bytes: Vec<u8>) -> String {
        let made = self
            .send("/media", json!({ "media_type": "video" }))
            .await
            .ok();
        let id = made["media_id"].as_str().unwrap().to_owned();
        let sent = self.upload(&made, |form| form, bytes, None).await;
        assert_eq!(sent.status, 204, "{}", sent.body);
        id
    }

    async fn upload(
        &self,
        made: &Value,
        change: impl Fn(Form) -> Form,
        bytes: Vec<u8>,
        leave_out: Option<&str>,
    ) -> Answered {
        let mut form = Form::new();
        for (name, value) in made["upload_parameters"].as_object().unwrap() {
            if leave_out != Some(name) {
                form = form.text(name.clone(), value.as_str().unwrap().to_owned());
            }
        }
        let form = change(form).part("file", Part::bytes(bytes).file_name("film.mp4"));
        let request = self
            .world
            .request(Method::POST, made["upload_url"].as_str().unwrap());
        self.world.send(request.multipart(form)).await
    }

    async fn status(&self, id: &str) -> Value {
        let mut status = json!(null);
        for _ in 0..100 {
            status = self.get(&format!("/media/{id}")).await.ok()["status"].clone();
            if status != "processing" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        status
    }
}

fn base64_source(width: u32, height: u32) -> Value {
    let data = BASE64_STANDARD.encode(jpeg(width, height));
    json!({ "source_type": "image_base64", "content_type": "image/jpeg", "data": data })
}

/// Status and code.
fn problem(answered: &Answered) -> (u16, i64) {
    assert!(answered.body["message"].is_string(), "{}", answered.body);
    (
        answered.status,
        answered.body["code"].as_i64().unwrap_or_default(),
    )
}
