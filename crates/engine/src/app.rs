use std::{collections::HashMap, ops::Deref, sync::Arc};

use chrono::{DateTime, Utc};
use posthaste_core::{
    Error, ErrorCode, Network, Result,
    connector::{AppCredentials, Connector, Ctx, Hosts},
    event::EventType,
    ids::{EventId, WorkspaceId},
    ports::{Blobs, Cipher, Clock, Http, Mailer, Random},
    quota,
    secret::Secret,
    target::Timing,
};
use posthaste_media::Staging;
use posthaste_store::{Database, event::NewEvent};
use serde_json::Value;
use tokio_util::task::TaskTracker;

use crate::{
    Actor,
    adapters::Redis,
    event::Hints,
    identity,
    limit::Limits,
    person,
    publish::Crash,
    request_log::Recorder,
    session::{self, Guard},
    telemetry::Telemetry,
    webhook,
};

/// The app registrations at the networks; a network without one cannot be connected.
pub type NetworkApps = HashMap<Network, AppCredentials>;

/// Everything the use cases need, put together once at start (in production in `api/src/app.rs`).
pub struct Parts {
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Requests to networks.
    pub http: Arc<dyn Http>,
    /// Seals what must not lie readable in the database.
    pub cipher: Arc<dyn Cipher>,
    /// Media bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Uploads on their way.
    pub staging: Staging,
    /// The server's secret: hashes keys and signs media addresses.
    pub secret: Secret,
    /// Where people, networks and programs reach this server, without a trailing slash.
    pub public_url: String,
    /// Where the networks are.
    pub hosts: Hosts,
    /// The app registrations.
    pub apps: NetworkApps,
    /// Time limits of publishing.
    pub timing: Timing,
    /// Where a worker of a fault suite ends itself; nowhere otherwise.
    pub crash: Crash,
    /// Wakes workers and subscriptions.
    pub hints: Hints,
    /// Takes note of answered requests.
    pub requests: Recorder,
    /// Whether the networks are simulated ones that take orders.
    pub sandbox: bool,
    /// How much callers may ask for.
    pub limits: Limits,
    /// Slows down guessing of passwords.
    pub guard: Guard,
    /// How long sessions last.
    pub sessions: session::Rules,
    /// By whom people may sign in.
    pub providers: identity::Providers,
    /// What processes share that may be lost; none where there is one process, or PostgreSQL is enough.
    pub redis: Option<Redis>,
    /// Sends mails to people; none where no mail is configured.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// What an operator decides about people.
    pub people: person::Rules,
    /// What operators watch.
    pub telemetry: Telemetry,
    /// What networks allow and charge.
    pub quotas: quota::Rules,
    /// What an operator decides about webhooks.
    pub webhooks: webhook::Rules,
    /// Makes what webhooks send.
    pub payloads: Arc<dyn webhook::Payloads>,
}

/// A handle on [`Parts`] that is cheap to clone. Made by [`App::new`] it reaches everything, for the server
/// itself; requests get one that reaches the workspace of whoever asks ([`App::within`]).
#[derive(Clone)]
pub struct App {
    parts: Arc<Parts>,
    /// The database, as far as this handle reaches.
    pub db: Database,
    is_dry_run: bool,
    /// What must come to its end before the process does: tokens that are not written down yet.
    pub(crate) tasks: TaskTracker,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self {
            db: parts.db.clone(),
            parts: Arc::new(parts),
            is_dry_run: false,
            tasks: TaskTracker::new(),
        }
    }

    /// The same application within one workspace: the database shows rows of no other, whatever is asked.
    pub fn within(&self, workspace: WorkspaceId) -> Self {
        self.reaching(self.db.within(workspace))
    }

    /// The same application for somebody who belongs to no workspace.
    pub fn nowhere(&self) -> Self {
        self.reaching(self.db.nowhere())
    }

    /// The same application with all rows: for what looks beyond the caller's workspace on purpose.
    pub fn everywhere(&self) -> Self {
        self.reaching(self.db.everywhere())
    }

    fn reaching(&self, db: Database) -> Self {
        Self { db, ..self.clone() }
    }

    /// The same application for a dry run, if wanted: use cases that act on the outside check and decide
    /// as ever, then write nothing and call nobody.
    pub fn dry_run(&self, wanted: bool) -> Self {
        Self {
            is_dry_run: wanted,
            ..self.clone()
        }
    }

    /// Whether nothing may be written or sent.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.is_dry_run
    }

    /// The present instant, in whole microseconds as the database keeps it.
    pub fn now(&self) -> DateTime<Utc> {
        use chrono::SubsecRound;
        self.clock.now().trunc_subsecs(6)
    }

    /// The connector of a network.
    pub fn connector(&self, network: Network) -> &'static dyn Connector {
        posthaste_connectors::connector(network)
    }

    /// What a connector's calls get; `NETWORK_NOT_CONFIGURED` without an app registration.
    pub fn network_ctx(&self, network: Network) -> Result<Ctx> {
        let app = self.apps.get(&network).cloned().ok_or_else(|| {
            Error::new(
                ErrorCode::NetworkNotConfigured,
                format!("This server has no app credentials for {network}."),
            )
        })?;
        Ok(Ctx {
            http: self.http.clone(),
            clock: self.clock.clone(),
            hosts: self.hosts.clone(),
            app,
        })
    }

    /// An event by `actor` that concerns nothing yet; fill in what it concerns.
    pub(crate) fn event(&self, actor: &Actor, kind: EventType, data: Value) -> NewEvent {
        NewEvent {
            id: EventId::new(&*self.clock, &*self.random),
            at: self.now(),
            kind,
            post: None,
            target: None,
            connection: None,
            media: None,
            provenance: actor.provenance.clone(),
            data,
        }
    }
}
