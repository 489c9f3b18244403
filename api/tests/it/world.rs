//! What most tests stand on: the whole router on a fresh database, with a clock that stands still and
//! networks that answer from a script. Requests go through the router, without a socket.

use std::{collections::HashMap, io::Cursor, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    response::Response,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use image::{DynamicImage, ImageFormat};
use posthaste_api::{
    graphql::webhook::Documents,
    rest::{ApiState, router},
};
use posthaste_connectors::HttpClient;
use posthaste_core::{
    Network,
    access::Role,
    connector::{Account, AppCredentials, Hosts, TokenSet},
    ids::WorkspaceId,
    ports::{
        BucketRule, Cipher, FrozenClock, Http, Mailer, MemoryMailer, PlainCipher, ScriptedHttp,
        SeededRandom,
    },
    secret::Secret,
    target::Timing,
};
use posthaste_engine::{
    Actor, App, Parts,
    adapters::{KeyRing, KeySource, LocalBuckets, OsRandom},
    connection,
    event::Hints,
    identity::Providers,
    limit::Limits,
    media::{self, NewUpload},
    person,
    request_log::Recorder,
    session::{self, Client, Guard, KeyKind, NewKey, NewUser, NewWorkspace, SignIn},
    telemetry::Telemetry,
    vault::Vault,
    webhook,
};
use posthaste_media::{BlobStore, Staging};
use posthaste_store::Database;
use posthaste_testkit::TestDatabase;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// The public address of the server under test.
pub const PUBLIC_URL: &str = "https://posthaste.test";

/// The server and what it stands on.
pub struct World {
    pub app: App,
    pub clock: FrozenClock,
    pub router: Router,
    /// What the networks were asked.
    pub http: Arc<ScriptedHttp>,
    /// The workspace of the keys below.
    pub home: Tenant,
    /// Another workspace.
    pub other: Tenant,
    /// Blobs and uploads; gone after the test.
    pub dir: TempDir,
}

/// How secrets lie in the database.
enum Sealing {
    /// Readable, and without a query of their own.
    Plain,
    /// As a server seals them.
    Vault,
    /// Readable, where people sign in by providers.
    Providers(Providers),
}

impl Sealing {
    fn cipher(&self, db: &Database, clock: &FrozenClock) -> Arc<dyn Cipher> {
        if !matches!(self, Self::Vault) {
            return Arc::new(PlainCipher);
        }
        let secret = Secret::new("a secret for tests");
        let ring = KeyRing::new(KeySource::Secret, &secret).unwrap();
        let clock = Arc::new(clock.clone());
        Arc::new(Vault::new(db, Arc::new(ring), clock, Arc::new(OsRandom), &secret).unwrap())
    }
}

/// A workspace with keys and an account on each network.
pub struct Tenant {
    pub workspace: WorkspaceId,
    pub owner: String,
    pub editor: String,
    pub viewer: String,
    /// The connections' ids.
    pub connections: HashMap<Network, String>,
}

impl Tenant {
    /// The id of the connection on a network.
    pub fn on(&self, network: Network) -> &str {
        &self.connections[&network]
    }

    /// Posthaste itself in this workspace.
    pub fn system(&self) -> Actor {
        Actor::system(self.workspace)
    }
}

impl World {
    /// A world whose networks do not answer.
    pub async fn new() -> Self {
        Self::with_http(ScriptedHttp::default()).await
    }

    /// A world whose networks answer from a script.
    pub async fn with_http(http: ScriptedHttp) -> Self {
        let http = Arc::new(http);
        let rules = webhook::Rules::default();
        Self::build(
            http.clone(),
            http,
            None,
            rules,
            Limits::default(),
            Sealing::Plain,
            None,
        )
        .await
    }

    /// A world that seals as a server does.
    pub async fn sealed(http: ScriptedHttp) -> Self {
        let http = Arc::new(http);
        let rules = webhook::Rules::default();
        let limits = Limits::default();
        Self::build(
            http.clone(),
            http,
            None,
            rules,
            limits,
            Sealing::Vault,
            None,
        )
        .await
    }

    /// A world that seals as a server does and sends mails, and the mails it has sent.
    pub async fn mailing() -> (Self, Arc<MemoryMailer>) {
        let http = Arc::new(ScriptedHttp::default());
        let mailer = Arc::new(MemoryMailer::default());
        let rules = webhook::Rules::default();
        let world = Self::build(
            http.clone(),
            http,
            None,
            rules,
            Limits::default(),
            Sealing::Vault,
            Some(mailer.clone()),
        )
        .await;
        (world, mailer)
    }

    /// A sandbox whose simulated networks answer from a script.
    pub async fn sandbox(http: ScriptedHttp) -> Self {
        let http = Arc::new(http);
        let base = Some("http://networks.test".into());
        let rules = webhook::Rules::default();
        Self::build(
            http.clone(),
            http,
            base,
            rules,
            Limits::default(),
            Sealing::Plain,
            Some(Arc::default()),
        )
        .await
    }

    /// A world with buckets of this size that fill this fast.
    pub async fn limited(size: u32, per_second: u32) -> Self {
        let rule = BucketRule { size, per_second };
        let limits = Limits::new(Some(rule), Arc::new(LocalBuckets::default()));
        let http = Arc::new(ScriptedHttp::default());
        let rules = webhook::Rules::default();
        Self::build(
            http.clone(),
            http,
            None,
            rules,
            limits,
            Sealing::Plain,
            None,
        )
        .await
    }

    /// A world in which people sign in by these providers, who are really asked.
    pub async fn providing(providers: Providers) -> Self {
        let http = Arc::new(HttpClient::new(&Hosts { base: None }).unwrap());
        Self::build(
            http,
            Arc::default(),
            None,
            webhook::Rules::default(),
            Limits::default(),
            Sealing::Providers(providers),
            None,
        )
        .await
    }

    /// A world that really sends requests.
    pub async fn sending(webhooks: webhook::Rules) -> Self {
        let http = Arc::new(HttpClient::new(&Hosts { base: None }).unwrap());
        Self::build(
            http,
            Arc::default(),
            None,
            webhooks,
            Limits::default(),
            Sealing::Plain,
            None,
        )
        .await
    }

    async fn build(
        port: Arc<dyn Http>,
        http: Arc<ScriptedHttp>,
        base: Option<String>,
        webhooks: webhook::Rules,
        limits: Limits,
        sealing: Sealing,
        mailer: Option<Arc<MemoryMailer>>,
    ) -> Self {
        let db = TestDatabase::new().await.db;
        let clock = posthaste_testkit::clock();
        let dir = TempDir::new().unwrap();
        let blobs = BlobStore::local(dir.path().join("blobs")).unwrap();
        let staging = Staging::local(dir.path().join("staging"))
            .unwrap()
            .moving_into(&blobs);
        let credentials = |network: Network| {
            (
                network,
                AppCredentials {
                    id: format!("{network}-id"),
                    secret: Secret::new(format!("{network}-secret")),
                },
            )
        };
        let app = App::new(Parts {
            cipher: sealing.cipher(&db, &clock),
            db,
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(1)),
            http: port,
            blobs: Arc::new(blobs),
            staging,
            secret: Secret::new("a secret for tests"),
            public_url: PUBLIC_URL.into(),
            sandbox: base.is_some(),
            hosts: Hosts { base },
            apps: Network::ALL.map(credentials).into(),
            timing: Timing::default(),
            crash: posthaste_engine::publish::Crash::default(),
            hints: Hints::default(),
            requests: Recorder::default(),
            limits,
            quotas: posthaste_core::quota::Rules::default(),
            webhooks,
            guard: Guard::default(),
            sessions: session::Rules::default(),
            providers: match sealing {
                Sealing::Providers(providers) => providers,
                Sealing::Plain | Sealing::Vault => Providers::default(),
            },
            redis: None,
            people: person::Rules {
                is_open: mailer.is_some(),
            },
            mailer: mailer.map(|mailer| mailer as Arc<dyn Mailer>),
            telemetry: Telemetry::default(),
            payloads: Arc::new(Documents::default()),
        });
        let home = tenant(&app, "Home").await;
        let other = tenant(&app, "Other").await;
        Self {
            router: router(ApiState::new(app.clone())),
            app,
            clock,
            http,
            home,
            other,
            dir,
        }
    }

    /// Sends a request.
    pub async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Executes a GraphQL document and returns the whole answer.
    pub async fn graphql(&self, key: &str, query: &str, variables: Value) -> Value {
        let request = Request::post("/graphql")
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json")
            .body(Body::from(
                json!({ "query": query, "variables": variables }).to_string(),
            ))
            .unwrap();
        body(self.send(request).await).await.1
    }

    /// Executes a document as the home workspace's editor; GraphQL errors fail the test.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.graphql(&self.home.editor, query, variables).await;
        assert_eq!(answer["errors"], Value::Null, "{query}");
        answer["data"].take()
    }

    /// Executes one mutation as the editor: its `input` type is `<Name>Input`. Returns the payload.
    pub async fn change(&self, name: &str, fields: &str, input: Value) -> Value {
        self.change_by(&self.home.editor, name, fields, input).await
    }

    /// As [`World::change`], with another credential.
    pub async fn change_by(&self, key: &str, name: &str, fields: &str, input: Value) -> Value {
        let document = mutation(name, fields);
        let answer = self
            .graphql(key, &document, json!({ "input": input }))
            .await;
        assert_eq!(answer["errors"], Value::Null, "{name}: {answer}");
        answer["data"][name].clone()
    }

    /// Uploads a file to a workspace and returns its id.
    pub async fn upload(&self, tenant: &Tenant, file_name: &str, file: Vec<u8>) -> String {
        let actor = tenant.system();
        let new = NewUpload {
            id: None,
            file_name: file_name.into(),
            bytes: file.len() as u64,
            alt_text: None,
        };
        let id = media::begin(&self.app, &actor, new).await.unwrap().id;
        let bytes = stream::iter([Ok(Bytes::from(file))]).boxed();
        media::append(&self.app, &actor, id, 0, bytes)
            .await
            .unwrap();
        id.to_string()
    }
}

/// The document of a mutation with one `input`.
pub fn mutation(name: &str, fields: &str) -> String {
    let (first, rest) = name.split_at(1);
    let input = format!("{}{rest}Input", first.to_uppercase());
    format!(
        "mutation($input: {input}!) {{ {name}(input: $input) {{ {fields} \
         errors {{ code path message advice retryable docsUrl }} warnings {{ code path message }} }} }}"
    )
}

/// Status and JSON body of an answer.
pub async fn body(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (
        status,
        serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into())),
    )
}

/// A picture of this size in a format.
pub fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height)
        .write_to(&mut file, format)
        .unwrap();
    file.into_inner()
}

async fn tenant(app: &App, name: &str) -> Tenant {
    let new = NewWorkspace {
        id: None,
        name: name.into(),
        time_zone: "Europe/Paris".into(),
    };
    let workspace = session::create_workspace(app, new).await.unwrap().id;
    let mut keys = Vec::new();
    for role in [Role::Owner, Role::Editor, Role::Viewer] {
        let new = NewKey {
            id: None,
            name: role.as_str().into(),
            role,
            kind: KeyKind::Test,
        };
        keys.push(
            session::create_key(app, workspace, new)
                .await
                .unwrap()
                .0
                .expose()
                .to_owned(),
        );
    }
    let mut connections = HashMap::new();
    for network in Network::ALL {
        let account = account(name, network);
        let row = connection::import(app, &Actor::system(workspace), network, &account)
            .await
            .unwrap();
        connections.insert(network, row.id.to_string());
    }
    let [owner, editor, viewer] = keys.try_into().unwrap();
    Tenant {
        workspace,
        owner,
        editor,
        viewer,
        connections,
    }
}

/// The password of everybody whom [`person`] adds.
pub const PASSWORD: &str = "correct horse";

/// Adds a person with a role to a workspace; the person's id.
pub async fn person(world: &World, tenant: &Tenant, email: &str, role: Role) -> String {
    let new = NewUser {
        id: None,
        email: email.into(),
        name: email.split('@').next().unwrap_or_default().into(),
        password: Secret::new(PASSWORD),
    };
    let user = session::create_user(&world.app, new).await.unwrap();
    session::add_member(&world.app, tenant.workspace, user.id, role)
        .await
        .unwrap();
    user.id.to_string()
}

/// Signs a person in to a workspace; the session's token, which works for 15 minutes.
pub async fn sign_in(world: &World, tenant: &Tenant, email: &str) -> String {
    let who = SignIn {
        email,
        proof: Secret::new(PASSWORD).into(),
        workspace: Some(tenant.workspace),
    };
    let opened = session::sign_in(&world.app, who, &Client::default()).await;
    opened.unwrap().access.expose().to_owned()
}

/// An account on a network.
pub fn account(name: &str, network: Network) -> Account {
    Account {
        remote_id: format!("{}{}", network as u8 + 1, name.len()),
        name: format!("{name} on {network}"),
        username: Some(name.to_lowercase()),
        avatar_url: None,
        tokens: TokenSet {
            access: Secret::new(format!("{name}-{network}-access")),
            refresh: None,
            expires_at: None,
            refresh_expires_at: None,
            scopes: Vec::new(),
        },
    }
}
