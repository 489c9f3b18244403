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
    ports::{BucketRule, FrozenClock, Http, PlainCipher, ScriptedHttp, SeededRandom},
    secret::Secret,
    target::Timing,
};
use posthaste_engine::{
    Actor, App, Parts,
    adapters::LocalBuckets,
    connection,
    event::Hints,
    limit::Limits,
    media::{self, NewUpload},
    request_log::Recorder,
    session::{self, Guard, KeyKind, NewKey, NewWorkspace},
    telemetry::Telemetry,
    webhook,
};
use posthaste_media::{BlobStore, Staging};
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
    _dir: TempDir,
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
        Self::build(http.clone(), http, None, rules, Limits::default()).await
    }

    /// A sandbox whose simulated networks answer from a script.
    pub async fn sandbox(http: ScriptedHttp) -> Self {
        let http = Arc::new(http);
        let base = Some("http://networks.test".into());
        let rules = webhook::Rules::default();
        Self::build(http.clone(), http, base, rules, Limits::default()).await
    }

    /// A world with buckets of this size that fill this fast.
    pub async fn limited(size: u32, per_second: u32) -> Self {
        let rule = BucketRule { size, per_second };
        let limits = Limits::new(Some(rule), Arc::new(LocalBuckets::default()));
        let http = Arc::new(ScriptedHttp::default());
        let rules = webhook::Rules::default();
        Self::build(http.clone(), http, None, rules, limits).await
    }

    /// A world that really sends requests.
    pub async fn sending(webhooks: webhook::Rules) -> Self {
        let http = Arc::new(HttpClient::new().unwrap());
        Self::build(http, Arc::default(), None, webhooks, Limits::default()).await
    }

    async fn build(
        port: Arc<dyn Http>,
        http: Arc<ScriptedHttp>,
        base: Option<String>,
        webhooks: webhook::Rules,
        limits: Limits,
    ) -> Self {
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
            db: TestDatabase::new().await.db,
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(1)),
            http: port,
            cipher: Arc::new(PlainCipher),
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
            redis: None,
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
            _dir: dir,
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
        let answer = self
            .graphql(
                &self.home.editor,
                &mutation(name, fields),
                json!({ "input": input }),
            )
            .await;
        assert_eq!(answer["errors"], Value::Null, "{name}");
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

fn account(name: &str, network: Network) -> Account {
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
