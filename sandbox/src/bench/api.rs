//! Lists and mutations of the API against raw SQL on the same database.
//!
//! The SQL here is the yardstick: the least that the same work can cost, without authorization,
//! validation or GraphQL. It is the one place outside the store where SQL is written.

use std::{
    net::TcpListener,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
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
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::{
    ground::{Ground, SECRET},
    spread::quantile,
};

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
}

const LIST: &str = "query { posts(first: 100, orderBy: CREATED_AT_DESC) { edges { node { id version content { text }
    targets { id state dueAt connection { id name } } } } } }";
const CREATE: &str = "mutation($input: PostCreateInput!) { postCreate(input: $input) { post { id } errors { code } } }";

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
    let new = NewKey {
        id: None,
        name: "Bench".into(),
        role: Role::Editor,
        kind: KeyKind::Test,
    };
    let (key, _) = session::create_key(&ground.app, ground.actor.workspace, new).await?;
    let (mut server, url) = serve(&ground).await?;
    println!(
        "{} posts with four targets each, {} clients, {} s each",
        args.posts, args.clients, args.seconds
    );

    let api = Arc::new(Api::new(url, key.expose(), &connections)?);
    let raw = Arc::new(Raw::new(&ground, &connections, args.clients).await?);
    let list = measure(
        &args,
        (&api, |api: Arc<Api>, _| async move { api.list().await }),
    )
    .await?;
    let raw_list = measure(
        &args,
        (&raw, |raw: Arc<Raw>, client| async move {
            raw.list(client).await
        }),
    )
    .await?;
    row("list of 100 posts", &list, &raw_list);
    let create = measure(
        &args,
        (&api, |api: Arc<Api>, _| async move { api.create().await }),
    )
    .await?;
    let raw_create = measure(
        &args,
        (&raw, |raw: Arc<Raw>, client| async move {
            raw.create(client).await
        }),
    )
    .await?;
    row("postCreate, four targets", &create, &raw_create);
    println!("memory of the server: {:.0} MB", memory(&server)?);
    server.kill().await?;
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

async fn serve(ground: &Ground) -> anyhow::Result<(Child, String)> {
    let program = std::env::current_exe()?.with_file_name("posthaste");
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let url = format!("http://127.0.0.1:{port}");
    let secret = ground.files.path().join("secret");
    std::fs::write(&secret, SECRET)?;
    let server = Command::new(&program)
        .arg("serve")
        .envs([
            ("DATABASE_URL", ground.database_url.clone()),
            ("POSTHASTE_LISTEN", format!("127.0.0.1:{port}")),
            ("POSTHASTE_PUBLIC_URL", url.clone()),
            ("POSTHASTE_NETWORKS_BASE_URL", ground.networks_url.clone()),
            (
                "POSTHASTE_DATA_DIR",
                ground.files.path().join("data").display().to_string(),
            ),
            ("POSTHASTE_SECRET_FILE", secret.display().to_string()),
            ("POSTHASTE_SANDBOX", "1".to_owned()),
            (
                "POSTHASTE_CLOCK_FILE",
                ground.files.path().join("clock").display().to_string(),
            ),
            ("POSTHASTE_LOG", "error".to_owned()),
            // One key asks for all.
            ("POSTHASTE_LIMITS_BUCKET", "0".to_owned()),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| {
            format!(
                "cannot start {}; build posthaste-api first",
                program.display()
            )
        })?;
    let http = reqwest::Client::builder().build()?;
    for _ in 0..100 {
        if http
            .get(format!("{url}/readyz"))
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            return Ok((server, url));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the server does not become ready")
}

struct Api {
    http: reqwest::Client,
    url: String,
    key: String,
    connections: Vec<String>,
    next: AtomicU64,
}

impl Api {
    fn new(url: String, key: &str, connections: &[Connection]) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().build()?;
        let connections = connections.iter().map(|row| row.id.to_string()).collect();
        Ok(Self {
            http,
            url: format!("{url}/graphql"),
            key: key.to_owned(),
            connections,
            next: AtomicU64::new(0),
        })
    }

    async fn ask(&self, body: Value) -> anyhow::Result<Value> {
        let answer: Value = self
            .http
            .post(&self.url)
            .bearer_auth(&self.key)
            .json(&body)
            .send()
            .await?
            .json()
            .await?;
        ensure!(answer.get("errors").is_none(), "{answer}");
        Ok(answer)
    }

    async fn list(&self) -> anyhow::Result<()> {
        let answer = self.ask(json!({ "query": LIST })).await?;
        let rows = answer["data"]["posts"]["edges"]
            .as_array()
            .map_or(0, Vec::len);
        ensure!(rows == 100, "{rows} posts instead of 100");
        Ok(())
    }

    async fn create(&self) -> anyhow::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let targets: Vec<_> = self
            .connections
            .iter()
            .map(|id| json!({ "connectionId": id }))
            .collect();
        let input = json!({ "text": format!("Created {number}"), "targets": targets });
        let answer = self
            .ask(json!({ "query": CREATE, "variables": { "input": input } }))
            .await?;
        ensure!(
            answer["data"]["postCreate"]["post"]["id"].is_string(),
            "{answer}"
        );
        Ok(())
    }
}

struct Raw {
    clients: Vec<tokio::sync::Mutex<Client>>,
    workspace: Uuid,
    connections: Vec<(Uuid, &'static str)>,
}

impl Raw {
    async fn new(
        ground: &Ground,
        connections: &[Connection],
        count: usize,
    ) -> anyhow::Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..count {
            let (client, connection) = tokio_postgres::connect(&ground.database_url, NoTls).await?;
            tokio::spawn(connection);
            clients.push(client.into());
        }
        let connections = connections
            .iter()
            .map(|row| (row.id.uuid(), row.network.as_str()))
            .collect();
        Ok(Self {
            clients,
            workspace: ground.actor.workspace.uuid(),
            connections,
        })
    }

    async fn list(&self, client: usize) -> anyhow::Result<()> {
        let client = self.clients[client].lock().await;
        let posts = client
            .query_typed(
                "SELECT id, version, body FROM posts WHERE workspace_id = $1 AND deleted_at IS NULL
                 ORDER BY created_at DESC, id DESC LIMIT 101",
                &[(&self.workspace, tokio_postgres::types::Type::UUID)],
            )
            .await?;
        let ids: Vec<Uuid> = posts.iter().take(100).map(|row| row.get(0)).collect();
        let targets = client
            .query_typed(
                "SELECT t.id, t.post_id, t.state, t.due_at, c.id, c.name FROM targets t JOIN connections c ON c.id = t.connection_id
                 WHERE t.post_id = ANY($1) ORDER BY t.post_id, t.position",
                &[(&ids, tokio_postgres::types::Type::UUID_ARRAY)],
            )
            .await?;
        let text: Vec<String> = targets
            .iter()
            .map(|row| format!("{}{}", row.get::<_, Uuid>(0), row.get::<_, String>(2)))
            .collect();
        ensure!(text.len() == 400, "{} targets instead of 400", text.len());
        Ok(())
    }

    async fn create(&self, client: usize) -> anyhow::Result<()> {
        use tokio_postgres::types::Type;
        let mut client = self.clients[client].lock().await;
        let (post, event) = (fresh(), fresh());
        let tx = client.transaction().await?;
        tx.execute(
            "INSERT INTO posts (id, workspace_id, body, provenance, created_at, updated_at)
             VALUES ($1, $2, '{\"content\":{\"text\":\"raw\"}}', '{\"kind\":\"SYSTEM\"}', clock_timestamp(), clock_timestamp())",
            &[&post, &self.workspace],
        )
        .await?;
        for (position, (connection, network)) in self.connections.iter().enumerate() {
            tx.execute(
                "INSERT INTO targets (id, workspace_id, post_id, connection_id, network, position, settings, state, misfire,
                 if_absent, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, '{}', 'DRAFT', 'ASK', 'RESEND',
                 clock_timestamp(), clock_timestamp())",
                &[&fresh(), &self.workspace, &post, connection, network, &(position as i32)],
            )
            .await?;
        }
        tx.query_typed(
            "WITH head AS (UPDATE event_heads SET seq = seq + 1 WHERE workspace_id = $1 RETURNING seq)
             INSERT INTO events (workspace_id, seq, id, at, kind, post_id, provenance, data)
             SELECT $1, seq, $2, clock_timestamp(), 'post.created', $3, '{\"kind\":\"SYSTEM\"}', '{}' FROM head RETURNING seq",
            &[(&self.workspace, Type::UUID), (&event, Type::UUID), (&post, Type::UUID)],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

fn fresh() -> Uuid {
    use posthaste_engine::adapters::{OsRandom, SystemClock};
    posthaste_core::ids::new_uuid(&SystemClock, &OsRandom)
}

struct Measured {
    per_second: f64,
    p50: f64,
    p99: f64,
}

async fn measure<S, F, W>(args: &Args, (subject, work): (&Arc<S>, W)) -> anyhow::Result<Measured>
where
    S: Send + Sync + 'static,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
    W: Fn(Arc<S>, usize) -> F + Copy + Send + 'static,
{
    // A first call pays for connections and caches.
    for client in 0..args.clients {
        work(subject.clone(), client).await?;
    }
    let began = Instant::now();
    let end = began + Duration::from_secs(args.seconds);
    let running: Vec<_> = (0..args.clients)
        .map(|client| {
            let subject = subject.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end {
                    let start = Instant::now();
                    work(subject.clone(), client).await?;
                    times.push(start.elapsed().as_secs_f64() * 1000.0);
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in running {
        times.extend(task.await??);
    }
    times.sort_by(f64::total_cmp);
    Ok(Measured {
        per_second: times.len() as f64 / began.elapsed().as_secs_f64(),
        p50: quantile(&times, 0.5),
        p99: quantile(&times, 0.99),
    })
}

fn row(name: &str, api: &Measured, raw: &Measured) {
    println!(
        "{name}: API {:.0}/s (p50 {:.1} ms, p99 {:.1} ms); raw SQL {:.0}/s (p50 {:.1} ms, p99 {:.1} ms); ratio {:.2}",
        api.per_second,
        api.p50,
        api.p99,
        raw.per_second,
        raw.p50,
        raw.p99,
        api.per_second / raw.per_second
    );
}

/// Resident memory of the server in megabytes.
fn memory(server: &Child) -> anyhow::Result<f64> {
    let pid = server.id().context("the server ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .context("no VmRSS")?;
    let kilobytes: f64 = line
        .split_whitespace()
        .nth(1)
        .context("no figure")?
        .parse()?;
    Ok(kilobytes / 1024.0)
}
