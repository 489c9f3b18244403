//! A workspace with connected accounts, the simulated networks and a worker, all in this process.

use std::{
    io::Cursor,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use posthaste_core::{
    Network,
    event::EventType,
    ids::{MediaId, PostId, WorkspaceId},
    ports::Clock,
    post::{Content, Fit, MediaRef, PostBody},
    quota::Rules,
    secret::Secret,
    target::{State as Stage, Timing},
};
use posthaste_engine::{
    Actor, App,
    adapters::{KeyRing, KeySource, OsRandom, SystemClock},
    media::{self, NewUpload},
    post::{self, NewPost, NewTarget, When},
    publish::{self, Settings},
    session::{self, NewWorkspace},
    vault::Vault,
};
use posthaste_sandbox::{
    networks::{Config, Networks, serve},
    seed::Control,
    setup::{Setup, app, quick_timing, unlimited},
    show::media_routes,
};
use posthaste_store::{
    connection::Connection,
    event::{self, Event, Filter},
    target::Target,
};
use posthaste_testkit::TestDatabase;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The server's secret.
const SECRET: &str = "a secret of at least thirty-two characters";

/// The machine's clock, moved by tests.
#[derive(Default)]
pub struct TestClock(Mutex<TimeDelta>);

impl TestClock {
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.lock().unwrap()
    }
}

pub struct World {
    pub app: App,
    pub clock: Arc<TestClock>,
    pub actor: Actor,
    pub control: Control,
    /// The master key file.
    pub keys: PathBuf,
    stop: CancellationToken,
    workers: Mutex<Vec<JoinHandle<()>>>,
    /// Where media lie.
    pub files: tempfile::TempDir,
}

impl World {
    /// A world without a worker yet.
    pub async fn new() -> Self {
        Self::with(quick_timing(), unlimited()).await
    }

    /// A world with other time limits.
    pub async fn with_timing(timing: Timing) -> Self {
        Self::with(timing, unlimited()).await
    }

    /// As [`World::new`], with these limits and prices.
    pub async fn with_quotas(quotas: Rules) -> Self {
        Self::with(quick_timing(), quotas).await
    }

    async fn with(timing: Timing, quotas: Rules) -> Self {
        let database = TestDatabase::new().await;
        let files = tempfile::tempdir().unwrap();
        let networks = listen().await;
        let networks_url = format!("http://{}", networks.local_addr().unwrap());
        let config = Config {
            public_url: networks_url.clone(),
            ..Config::default()
        };
        let simulated = Networks::open(config).unwrap();
        tokio::spawn(serve(networks, simulated, std::future::pending()));

        let keys = files.path().join("master-keys");
        std::fs::write(&keys, "11".repeat(32)).unwrap();
        let public = listen().await;
        let clock = Arc::new(TestClock::default());
        let app = app(Setup {
            db: database.db.clone(),
            clock: clock.clone(),
            random: Arc::new(OsRandom),
            data_dir: files.path(),
            secret: Secret::new(SECRET),
            keys: KeySource::File(keys.clone()),
            public_url: format!("http://{}", public.local_addr().unwrap()),
            networks_url: networks_url.clone(),
            timing,
            quotas,
        })
        .unwrap();
        let routes = media_routes(app.clone());
        tokio::spawn(async move { axum::serve(public, routes).await });

        let new = NewWorkspace {
            id: None,
            name: "Test".into(),
            time_zone: "Europe/Paris".into(),
        };
        let workspace: WorkspaceId = session::create_workspace(&app, new).await.unwrap().id;
        let actor = Actor::system(workspace);
        let control = Control::new(&networks_url).unwrap();
        Self {
            app,
            clock,
            actor,
            control,
            keys,
            stop: CancellationToken::new(),
            workers: Mutex::default(),
            files,
        }
    }

    /// The vault of another process: what it knows it has from the database and the file.
    pub fn other_vault(&self) -> Vault {
        let secret = Secret::new(SECRET);
        let ring = KeyRing::new(KeySource::File(self.keys.clone()), &secret).unwrap();
        let (clock, random) = (self.clock.clone(), Arc::new(OsRandom));
        Vault::new(&self.app.db, Arc::new(ring), clock, random, &secret).unwrap()
    }

    /// Another server on the same database and the same networks.
    pub fn second(&self) -> App {
        app(Setup {
            db: self.app.db.clone(),
            clock: self.clock.clone(),
            random: Arc::new(OsRandom),
            data_dir: self.files.path(),
            secret: self.app.secret.clone(),
            keys: KeySource::File(self.keys.clone()),
            public_url: self.app.public_url.clone(),
            networks_url: self.app.hosts.base.clone().unwrap(),
            timing: self.app.timing,
            quotas: self.app.quotas.clone(),
        })
        .unwrap()
    }

    /// A connection as it is now.
    pub async fn account(&self, row: &Connection) -> Connection {
        posthaste_engine::connection::get(&self.app, &self.actor, row.id)
            .await
            .unwrap()
    }

    /// The events of a kind so far.
    pub async fn events(&self, kind: EventType) -> Vec<Event> {
        let mut conn = self.app.db.get().await.unwrap();
        let all = Filter::default();
        let mut events = event::after(&mut conn, self.actor.workspace, 0, &all, 1000)
            .await
            .unwrap();
        events.retain(|event| event.kind == kind.as_str());
        events
    }

    /// Starts a worker; it ends with the test.
    pub fn work(&self) {
        let worker = self.work_until(self.stop.clone());
        self.workers.lock().unwrap().push(worker);
    }

    /// Starts a worker that ends with `stop`.
    pub fn work_until(&self, stop: CancellationToken) -> JoinHandle<()> {
        let settings = Settings {
            guarded: false,
            ..Settings::default()
        };
        tokio::spawn(publish::run(self.app.clone(), settings, stop))
    }

    /// Stops every worker of [`World::work`] and waits for its end.
    pub async fn rest(&mut self) {
        std::mem::take(&mut self.stop).cancel();
        let workers = std::mem::take(&mut *self.workers.lock().unwrap());
        futures::future::join_all(workers).await;
    }

    /// Connects the `nth` sample account of a network.
    pub async fn connect(&self, network: Network, nth: usize) -> Connection {
        let accounts = self.control.accounts(network).await.unwrap();
        posthaste_engine::sandbox::connect(&self.app, &self.actor, network, &accounts[nth].id)
            .await
            .unwrap()
    }

    /// The first sample account of every network.
    pub async fn connect_all(&self) -> Vec<Connection> {
        let mut connections = Vec::new();
        for network in Network::ALL {
            connections.push(self.connect(network, 0).await);
        }
        connections
    }

    /// Uploads a small JPEG.
    pub async fn picture(&self) -> MediaId {
        let mut bytes = Cursor::new(Vec::new());
        let picture = image::RgbImage::from_fn(800, 800, |x, y| {
            image::Rgb([(x / 4) as u8, (y / 4) as u8, 120])
        });
        picture
            .write_to(&mut bytes, image::ImageFormat::Jpeg)
            .unwrap();
        let bytes = bytes.into_inner();
        let new = NewUpload {
            id: None,
            file_name: "harbor.jpg".into(),
            bytes: bytes.len() as u64,
            alt_text: Some("The harbor at dawn".into()),
        };
        let row = media::begin(&self.app, &self.actor, new).await.unwrap();
        let stream = stream::once(async move { Ok(bytes.into()) }).boxed();
        media::append(&self.app, &self.actor, row.id, 0, stream)
            .await
            .unwrap();
        row.id
    }

    /// Writes a post for `connections`, due at once.
    pub async fn post(&self, text: &str, media: &[MediaId], connections: &[Connection]) -> PostId {
        self.post_at(text, media, connections, When::Now).await
    }

    /// Writes a post for `connections`.
    pub async fn post_at(
        &self,
        text: &str,
        media: &[MediaId],
        connections: &[Connection],
        when: When,
    ) -> PostId {
        let item = |id: &MediaId| MediaRef {
            id: *id,
            alt_text: None,
            crop: None,
            fit: Fit::Auto,
        };
        let content = Content {
            text: text.into(),
            link: Some("https://harborstreet.example/bread".into()),
            media: media.iter().map(item).collect(),
            ..Content::default()
        };
        let new = NewPost {
            body: PostBody {
                content,
                ..PostBody::default()
            },
            targets: connections
                .iter()
                .map(|row| NewTarget::to(row.id))
                .collect(),
            schedule: Some(when),
            ..NewPost::default()
        };
        post::create(&self.app, &self.actor, new)
            .await
            .unwrap()
            .post
            .id
    }

    /// The targets of a post.
    pub async fn targets(&self, post: PostId) -> Vec<Target> {
        let mut conn = self.app.db.get().await.unwrap();
        posthaste_store::target::of_posts(&mut conn, self.actor.workspace, &[post])
            .await
            .unwrap()
    }

    /// Waits until every target of the post stands in `stage`; tells where they stand otherwise.
    pub async fn until(&self, post: PostId, stage: Stage) -> Vec<Target> {
        for _ in 0..400 {
            let targets = self.targets(post).await;
            if targets.iter().all(|target| target.state == stage) {
                return targets;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let targets = self.targets(post).await;
        for target in &targets {
            let (_, steps) = post::timeline(&self.app, &self.actor, &[target.id])
                .await
                .unwrap();
            eprintln!(
                "{} {:?} {:?}",
                target.network, target.state, target.error_message
            );
            for step in steps {
                eprintln!("    {} {} {}", step.at, step.kind, step.message);
            }
        }
        panic!("not all {stage:?}");
    }

    /// The accepted posts with this text in them.
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

    /// Ends every connection to the database, as a restart of PostgreSQL does.
    pub async fn drop_connections(&self) {
        let (client, connection) = self.app.db.address().wire().await.unwrap();
        tokio::spawn(connection);
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        client.simple_query(others).await.unwrap();
    }

    /// Lets the database be written or not, as a standby that is not promoted yet.
    pub async fn set_read_only(&self, read_only: bool) {
        let (client, connection) = self.app.db.address().wire().await.unwrap();
        tokio::spawn(connection);
        client
            .simple_query("SET default_transaction_read_only = off")
            .await
            .unwrap();
        let change = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {read_only}', \
             current_database()); END $$"
        );
        client.simple_query(&change).await.unwrap();
        // It is so for new connections.
        self.drop_connections().await;
    }

    /// Scripts a fault.
    pub async fn fault(&self, fault: Value) {
        self.control.post("faults", fault).await.unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}
