//! Lists, mutations and subscriptions of the API, the first two against raw SQL on the same database.

mod client;
mod measure;
mod raw;
mod server;
mod subscriptions;

use std::sync::Arc;

use posthaste_core::{
    Network,
    access::Role,
    post::{Content, PostBody},
};
use posthaste_engine::{
    post::{self, NewPost, NewTarget},
    session::{self, KeyKind, NewKey},
};
use posthaste_store::connection::Connection;

use self::{
    client::Api,
    measure::{measure, row},
    raw::Raw,
    server::Server,
};
use super::ground::Ground;

/// Options of the benchmark.
#[derive(clap::Args)]
pub struct Args {
    /// Posts in the workspace, each with four targets.
    #[arg(long, default_value_t = 1000)]
    posts: usize,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Clients at the same time.
    #[arg(long, default_value_t = 4)]
    clients: usize,
    /// Subscriptions that are open at the same time, each on a WebSocket of its own; 0 leaves them out.
    #[arg(long, default_value_t = 5000)]
    subscriptions: usize,
}

/// Fills a workspace, starts `posthaste serve`, and measures.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    let mut connections = Vec::new();
    for network in Network::ALL {
        let account = ground.control.accounts(network).await?.remove(0);
        connections.push(
            posthaste_engine::sandbox::connect(&ground.app, &ground.actor, network, &account.id)
                .await?,
        );
    }
    fill(&ground, &connections, args.posts).await?;
    raw::publish(&ground).await?;
    let new = NewKey {
        id: None,
        name: "Bench".into(),
        role: Role::Editor,
        kind: KeyKind::Test,
    };
    let (key, _) = session::create_key(&ground.app, ground.actor.workspace, new).await?;
    let mut server = Server::start(&ground).await?;
    println!(
        "{} posts with four targets each, {} clients, {} s each",
        args.posts, args.clients, args.seconds
    );

    let api = Arc::new(Api::new(&server.url, key.expose(), &connections)?);
    let raw = Arc::new(Raw::new(&ground, &connections, args.clients).await?);
    let calendar = measure(&args, &api, |api, _| async move { api.calendar().await }).await?;
    let raw_calendar = measure(&args, &raw, |raw, client| async move {
        raw.calendar(client).await
    })
    .await?;
    row(
        "calendar, 100 posts x 4 targets with metrics",
        &calendar,
        &raw_calendar,
    );
    let create = measure(&args, &api, |api, _| async move { api.create().await }).await?;
    let raw_create = measure(&args, &raw, |raw, client| async move {
        raw.create(client).await
    })
    .await?;
    row("postCreate, four targets", &create, &raw_create);
    println!("memory of the server: {:.0} MB", server.memory()?);
    if args.subscriptions > 0 {
        // Their own server: what the calls above left in memory is not theirs.
        server.stop().await?;
        server = Server::start(&ground).await?;
        let api = Api::new(&server.url, key.expose(), &connections)?;
        subscriptions::run(args.subscriptions, &server, &api, key.expose()).await?;
    }
    server.stop().await?;
    ground.end().await
}

async fn fill(ground: &Ground, connections: &[Connection], posts: usize) -> anyhow::Result<()> {
    for number in 0..posts {
        let new = NewPost {
            body: PostBody {
                content: Content {
                    text: format!("Bench {number}"),
                    ..Content::default()
                },
                ..PostBody::default()
            },
            targets: connections
                .iter()
                .map(|row| NewTarget::to(row.id))
                .collect(),
            ..NewPost::default()
        };
        post::create(&ground.app, &ground.actor, new)
            .await
            .map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    }
    Ok(())
}
