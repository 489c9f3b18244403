//! One set of simulated networks for each test, and the connector that talks to it.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use posthaste_connectors::{HttpClient, connector};
use posthaste_core::{
    Network,
    connector::{
        AppCredentials, Connector, Ctx, Failure, FailureClass, Hosts, Intent, Lookup, Outcome,
        Prepared, Rendition, Session,
    },
    ports::Clock,
    secret::Secret,
};
use posthaste_sandbox::networks::{Config, Networks, serve};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{files::Files, spec};

/// Real time between two steps of a test; the networks' own waits are longer.
const STEP: Duration = Duration::from_millis(5);
/// Steps after which a test gives up.
const MOST_STEPS: usize = 1000;

/// A network with a connected account.
pub struct World {
    pub network: Network,
    pub connector: &'static dyn Connector,
    pub ctx: Ctx,
    pub session: Session,
    pub files: Files,
    pub board: Option<String>,
    pub client: Client,
    base: String,
}

/// The simulated networks' clock.
struct SimulatedClock(Networks);

impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

impl World {
    /// A network whose main account is connected with all permissions.
    pub async fn start(network: Network) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let config = Config {
            public_url: base.clone(),
            ..Config::default()
        };
        let networks = Networks::open(config).unwrap();
        tokio::spawn(serve(listener, networks.clone(), std::future::pending()));
        let id = format!("sandbox-{}", network.as_str().to_lowercase());
        let hosts = Hosts {
            base: Some(base.clone()),
        };
        let ctx = Ctx {
            http: Arc::new(HttpClient::new(&hosts).unwrap()),
            clock: Arc::new(SimulatedClock(networks)),
            hosts,
            app: AppCredentials {
                secret: Secret::new(format!("{id}-secret")),
                id,
            },
        };
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut world = Self {
            network,
            connector: connector(network),
            ctx,
            session: Session {
                account_id: String::new(),
                username: None,
                access: Secret::new(""),
            },
            files: Files::start().await,
            board: None,
            client,
            base,
        };
        world.switch(json!({"processingMs": 20})).await;
        world.session = world.grant(None).await;
        let account = &world.accounts().await[0];
        world.board = account["boards"][0]["id"].as_str().map(str::to_owned);
        world
    }

    /// Sends to the control API and returns the JSON answer.
    pub async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The network's accounts, the main one first.
    pub async fn accounts(&self) -> Vec<Value> {
        let path = format!("/control/accounts?network={}", self.network.as_str());
        let accounts = self.control(Method::GET, &path, None).await;
        accounts.as_array().unwrap().clone()
    }

    /// Connects the main account, as if consent had been given, for `scopes` or all.
    pub async fn grant(&self, scopes: Option<Vec<&str>>) -> Session {
        let account = &self.accounts().await[0];
        let mut grant = json!({"network": self.network.as_str(), "accountId": account["id"]});
        if let Some(scopes) = scopes {
            grant["scopes"] = json!(scopes);
        }
        let made = self
            .control(Method::POST, "/control/grants", Some(grant))
            .await;
        Session {
            account_id: account["id"].as_str().unwrap().to_owned(),
            username: account["username"].as_str().map(str::to_owned),
            access: Secret::new(made["token"]["accessToken"].as_str().unwrap()),
        }
    }

    /// Moves switches of the simulation.
    pub async fn switch(&self, patch: Value) {
        self.control(Method::PATCH, "/control/switches", Some(patch))
            .await;
    }

    /// Lets the next call of an operation go wrong.
    pub async fn fault(&self, operation: &str, kind: &str) {
        let rule = json!({"network": self.network.as_str(), "operation": operation, "kind": kind,
            "retryAfterSeconds": 600});
        self.control(Method::POST, "/control/faults", Some(rule))
            .await;
    }

    /// What people see on the network, oldest first.
    pub async fn posts(&self) -> Vec<Value> {
        let path = format!("/log?network={}", self.network.as_str());
        let log = self.control(Method::GET, &path, None).await;
        let posts = log.as_array().unwrap().iter();
        posts
            .filter(|post| post["deletedAt"].is_null())
            .cloned()
            .collect()
    }

    /// Moves the simulated clock.
    pub async fn advance(&self, seconds: i64) {
        let body = json!({"advanceSeconds": seconds});
        self.control(Method::POST, "/control/clock", Some(body))
            .await;
    }

    /// All invisible steps; what `publish` needs.
    pub async fn prepare(&self, rendition: &Rendition) -> Result<Value, Failure> {
        let Self {
            connector,
            ctx,
            session,
            ..
        } = self;
        self.prepare_by(async |progress| connector.prepare(ctx, session, rendition, progress).await)
            .await
    }

    /// All invisible steps, each taken by `step`.
    pub async fn prepare_by(
        &self,
        mut step: impl AsyncFnMut(Option<Value>) -> Result<Prepared, Failure>,
    ) -> Result<Value, Failure> {
        let mut progress = None;
        for _ in 0..MOST_STEPS {
            match step(progress).await? {
                Prepared::Ready { ready } => return Ok(ready),
                Prepared::Step {
                    progress: next,
                    wait,
                    ..
                } => {
                    // As in the database: what a step returns survives as text.
                    progress = Some(serde_json::from_str(&next.to_string()).unwrap());
                    tokio::time::sleep(wait.min(STEP)).await;
                }
            }
        }
        panic!("the preparation has no end")
    }

    /// All steps of a publish; the intent is written before the visible call, as the engine does.
    pub async fn publish(&self, rendition: &Rendition) -> Result<(Outcome, Intent), Failure> {
        let intent = self.intent(self.prepare(rendition).await?).await;
        let outcome = self.send(rendition, &intent).await;
        Ok((outcome, intent))
    }

    /// The intent to publish what was prepared.
    pub async fn intent(&self, ready: Value) -> Intent {
        let known = self.posts().await;
        let known = known.iter().filter_map(|post| post["id"].as_str());
        Intent {
            committed_at: None,
            at: self.ctx.clock.now(),
            ready,
            after_id: None,
            known_ids: known.map(str::to_owned).collect(),
            sent: None,
        }
    }

    /// The visible call alone.
    pub async fn send(&self, rendition: &Rendition, intent: &Intent) -> Outcome {
        let Self {
            connector,
            ctx,
            session,
            ..
        } = self;
        connector
            .publish(ctx, session, rendition, &intent.ready)
            .await
    }

    /// Reads back; asks again while the network is still working on it.
    pub async fn lookup(&self, rendition: &Rendition, intent: &Intent) -> Lookup {
        let Self {
            connector,
            ctx,
            session,
            ..
        } = self;
        for _ in 0..MOST_STEPS {
            match connector.lookup(ctx, session, rendition, intent).await {
                Ok(Lookup::Processing { .. }) => tokio::time::sleep(STEP).await,
                Ok(told) => return told,
                Err(failure) if failure.class == FailureClass::Retry => {
                    tokio::time::sleep(STEP).await;
                }
                Err(failure) => panic!("the read-back failed: {failure:?}"),
            }
        }
        panic!("the read-back has no end")
    }

    /// Publishes what surely succeeds and returns the network's id.
    pub async fn publish_well(&self, rendition: &Rendition) -> String {
        let (outcome, intent) = self.publish(rendition).await.unwrap();
        match outcome {
            Outcome::Published(published) => published.remote_id,
            Outcome::Unknown { .. } | Outcome::Duplicate { .. } => {
                match self.lookup(rendition, &intent).await {
                    Lookup::Found(published) => published.remote_id,
                    told => panic!("it was published, but the read-back told {told:?}"),
                }
            }
            Outcome::Failed(failure) => panic!("it was refused: {failure:?}"),
        }
    }

    /// Every request so far keeps to the network's specification.
    pub async fn assert_specified(&self) {
        let path = format!("/requests?network={}&limit=2000", self.network.as_str());
        let requests = self.control(Method::GET, &path, None).await;
        let requests = requests.as_array().unwrap();
        assert!(!requests.is_empty(), "no request was recorded");
        for request in requests {
            let violations = spec::check_request(self.network, request);
            assert_eq!(violations, Vec::<String>::new(), "{request:#}");
        }
    }
}
