//! What most tests stand on: an app on a fresh database with a clock that stands still.

use std::{collections::HashMap, sync::Arc, time::Duration};

use posthaste_core::{
    Network, Provenance,
    access::Role,
    connector::{AppCredentials, Hosts},
    ids::{SessionId, UserId, WorkspaceId},
    ports::{
        Cipher, Clock, FrozenClock, Http, Mailer, PlainCipher, Random, ScriptedHttp, SeededRandom,
    },
    secret::Secret,
    target::Timing,
};
use posthaste_engine::{
    Actor, App, Parts, SignedIn,
    event::Hints,
    limit::Limits,
    request_log::Recorder,
    session::{self, Guard},
    telemetry::Telemetry,
    webhook,
};
use posthaste_media::{BlobStore, Staging};
use posthaste_store::{
    Database,
    event::{self, Event},
};
use posthaste_testkit::TestDatabase;
use tempfile::TempDir;

/// An app and what it stands on.
pub struct World {
    pub app: App,
    pub clock: FrozenClock,
    /// One workspace.
    pub workspace: WorkspaceId,
    /// Blobs and uploads; gone after the test.
    pub dir: TempDir,
}

impl World {
    /// A world whose networks answer nothing.
    pub async fn new() -> Self {
        Self::with_http(ScriptedHttp::new([])).await
    }

    /// A world whose networks answer from a script.
    pub async fn with_http(http: ScriptedHttp) -> Self {
        Self::with_port(Arc::new(http)).await
    }

    /// A world that sends requests through this port.
    pub async fn with_port(http: Arc<dyn Http>) -> Self {
        Self::build(http, plain(), Guard::default(), Timing::default(), None).await
    }

    /// A world whose wrong passwords are counted so.
    pub async fn guarded(guard: Guard) -> Self {
        let http = Arc::new(ScriptedHttp::new([]));
        Self::build(http, plain(), guard, Timing::default(), None).await
    }

    /// A world that sends mails through this port.
    pub async fn mailing(mailer: Arc<dyn Mailer>) -> Self {
        let http = Arc::new(ScriptedHttp::new([]));
        let mailer = Some(mailer);
        Self::build(http, plain(), Guard::default(), Timing::default(), mailer).await
    }

    /// A world that looks around this often.
    pub async fn sweeping(sweep: Duration) -> Self {
        let timing = Timing {
            sweep,
            ..Timing::default()
        };
        let http = Arc::new(ScriptedHttp::new([]));
        Self::build(http, plain(), Guard::default(), timing, None).await
    }

    /// A world that seals with this, and waits only a fraction of the time.
    pub async fn with_cipher(http: Arc<dyn Http>, cipher: Arc<dyn Cipher>) -> Self {
        let timing = Timing {
            pace: 50,
            ..Timing::default()
        };
        Self::build(http, cipher, Guard::default(), timing, None).await
    }

    async fn build(
        http: Arc<dyn Http>,
        cipher: Arc<dyn Cipher>,
        guard: Guard,
        timing: Timing,
        mailer: Option<Arc<dyn Mailer>>,
    ) -> Self {
        let clock = posthaste_testkit::clock();
        let dir = TempDir::new().unwrap();
        let blobs = BlobStore::local(dir.path().join("blobs")).unwrap();
        let staging = Staging::local(dir.path().join("staging"))
            .unwrap()
            .moving_into(&blobs);
        let app = App::new(Parts {
            db: TestDatabase::new().await.db,
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(1)),
            http,
            cipher,
            blobs: Arc::new(blobs),
            staging,
            secret: Secret::new("a secret for tests"),
            public_url: "https://posthaste.test".into(),
            hosts: Hosts { base: None },
            apps: apps(),
            timing,
            crash: posthaste_engine::publish::Crash::default(),
            hints: Hints::default(),
            requests: Recorder::default(),
            sandbox: false,
            limits: Limits::default(),
            quotas: posthaste_core::quota::Rules::default(),
            webhooks: webhook::Rules::default(),
            guard,
            sessions: session::Rules::default(),
            providers: posthaste_engine::identity::Providers::default(),
            redis: None,
            mailer,
            people: posthaste_engine::person::Rules::default(),
            telemetry: Telemetry::default(),
            payloads: Arc::new(webhook::PlainPayloads),
        });
        let workspace = workspace(&app).await;
        Self {
            app,
            clock,
            workspace,
            dir,
        }
    }

    /// Says something to the database.
    pub async fn sql(&self, statement: &str) {
        let (client, connection) = self.app.db.address().wire().await.unwrap();
        let driving = tokio::spawn(connection);
        client.batch_execute(statement).await.unwrap();
        driving.abort();
    }

    /// A person of this role in the world's workspace.
    pub fn actor(&self, role: Role) -> Actor {
        actor(self.workspace, role, &*self.app.random)
    }

    /// An editor of another workspace.
    pub async fn stranger(&self) -> Actor {
        actor(workspace(&self.app).await, Role::Editor, &*self.app.random)
    }

    /// The database.
    pub fn db(&self) -> &Database {
        &self.app.db
    }

    /// Every event of the world's workspace so far.
    pub async fn events(&self) -> Vec<Event> {
        event::after(
            &mut self.db().get().await.unwrap(),
            self.workspace,
            0,
            &event::Filter::default(),
            1000,
        )
        .await
        .unwrap()
    }
}

fn plain() -> Arc<dyn Cipher> {
    Arc::new(PlainCipher)
}

fn actor(workspace: WorkspaceId, role: Role, random: &dyn Random) -> Actor {
    let user = UserId::new(&posthaste_testkit::clock(), random);
    signed_in(Actor::new(workspace, role, Provenance::Person { user }))
}

/// A person who has just signed in.
pub fn signed_in(mut actor: Actor) -> Actor {
    let clock = posthaste_testkit::clock();
    actor.session = Some(SignedIn {
        session: SessionId::new(&clock, &SeededRandom::new(2)),
        authenticated_at: clock.now(),
        is_short: false,
        is_browser: false,
    });
    actor
}

async fn workspace(app: &App) -> WorkspaceId {
    let new = session::NewWorkspace {
        id: None,
        name: "Test".into(),
        time_zone: "Europe/Berlin".into(),
    };
    session::create_workspace(app, new).await.unwrap().id
}

fn apps() -> HashMap<Network, AppCredentials> {
    let credentials = |network: Network| AppCredentials {
        id: format!("{network}-id"),
        secret: Secret::new(format!("{network}-secret")),
    };
    Network::ALL
        .iter()
        .map(|network| (*network, credentials(*network)))
        .collect()
}
