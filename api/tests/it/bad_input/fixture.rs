//! What wrong requests refer to.

use image::ImageFormat;
use posthaste_core::Network;
use posthaste_engine::media::{self, NewUpload};
use posthaste_store::{event, post, target};
use serde_json::{Value, json};

use crate::world::{Tenant, World, picture};

pub struct Fixture {
    pub world: World,
    /// Eleven JPEGs.
    pub jpegs: Vec<String>,
    /// A PNG.
    pub png: String,
    /// An upload without bytes.
    pub unfinished: String,
    /// A file that is no picture.
    pub damaged: String,
    /// A draft for X and its target.
    pub draft: (String, String),
    /// A cancelled post for X and its target.
    pub cancelled: (String, String),
    /// The other workspace's draft, its target and media.
    pub foreign: (String, String, String),
    /// A disabled connection (the home workspace's Facebook).
    pub disabled: String,
    /// A webhook endpoint, and one of the other workspace.
    pub webhooks: (String, String),
}

async fn draft(world: &World, tenant: &Tenant) -> (String, String) {
    let input =
        json!({ "text": "A draft", "targets": [{ "connectionId": tenant.on(Network::X) }] });
    let query = "mutation($input: PostCreateInput!) { postCreate(input: $input) { post { id targets { id } } } }";
    let made = world
        .graphql(&tenant.editor, query, json!({ "input": input }))
        .await;
    let post = &made["data"]["postCreate"]["post"];
    (text(&post["id"]), text(&post["targets"][0]["id"]))
}

async fn webhook(world: &World, tenant: &Tenant) -> String {
    let query = "mutation { webhookEndpointCreate(input: { url: \"https://example.org/hook\" }) { webhookEndpoint { id } } }";
    let made = world.graphql(&tenant.owner, query, json!({})).await;
    text(&made["data"]["webhookEndpointCreate"]["webhookEndpoint"]["id"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Fixture {
    pub async fn new() -> Self {
        let world = World::new().await;
        let mut jpegs = Vec::new();
        for index in 0..11 {
            jpegs.push(
                world
                    .upload(
                        &world.home,
                        &format!("{index}.jpg"),
                        picture(800 + index, 800, ImageFormat::Jpeg),
                    )
                    .await,
            );
        }
        let png = world
            .upload(&world.home, "a.png", picture(800, 800, ImageFormat::Png))
            .await;
        let damaged = world
            .upload(&world.home, "b.jpg", b"no picture at all".to_vec())
            .await;
        let new = NewUpload {
            id: None,
            file_name: "c.jpg".into(),
            bytes: 10,
            alt_text: None,
        };
        let unfinished = media::begin(&world.app, &world.home.system(), new)
            .await
            .unwrap()
            .id
            .to_string();
        let foreign_media = world
            .upload(&world.other, "d.jpg", picture(800, 800, ImageFormat::Jpeg))
            .await;
        let foreign = draft(&world, &world.other).await;
        let cancelled = draft(&world, &world.home).await;
        world
            .change("postCancel", "post { id }", json!({ "id": cancelled.0 }))
            .await;
        let disabled = world.home.on(Network::Facebook).to_owned();
        let id = disabled.parse().unwrap();
        posthaste_engine::connection::disable(&world.app, &world.home.system(), id)
            .await
            .unwrap();
        Self {
            draft: draft(&world, &world.home).await,
            foreign: (foreign.0, foreign.1, foreign_media),
            webhooks: (
                webhook(&world, &world.home).await,
                webhook(&world, &world.other).await,
            ),
            jpegs,
            png,
            unfinished,
            damaged,
            cancelled,
            disabled,
            world,
        }
    }

    /// The id of the home workspace's connection on a network.
    pub fn on(&self, network: Network) -> &str {
        self.world.home.on(network)
    }

    /// How many posts, targets and events each workspace has.
    pub async fn rows(&self) -> Vec<(i64, i64, i64)> {
        let mut conn = self.world.app.db.get().await.unwrap();
        let mut counts = Vec::new();
        for tenant in [&self.world.home, &self.world.other] {
            counts.push((
                post::count(&mut conn, tenant.workspace, &post::Filter::default())
                    .await
                    .unwrap(),
                target::count(&mut conn, tenant.workspace, &target::Filter::default())
                    .await
                    .unwrap(),
                event::head(&mut conn, tenant.workspace).await.unwrap(),
            ));
        }
        counts
    }
}
