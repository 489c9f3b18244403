//! The configuration: `default.toml`, then a file, then the environment, then flags. One file for
//! each section; unknown keys are refused by name.

mod check;
mod database;
mod graphql;
mod health;
mod limits;
mod log;
mod mail;
mod merge;
mod networks;
mod oidc;
mod people;
mod quotas;
mod redis;
mod retention;
mod sandbox;
mod security;
mod server;
mod sessions;
mod storage;
mod webhooks;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use posthaste_store::Address;
use serde::Deserialize;
use toml::Table;

pub use database::Database;
pub use graphql::{Documents, Graphql};
pub use health::{Health, Metrics, Worker};
pub use limits::Limits;
pub use log::{Format, Log};
pub use mail::Mail;
pub use networks::Networks;
pub use oidc::Oidc;
pub use people::{People, Registration};
pub use quotas::{Enforce, Quotas};
pub use redis::Redis;
pub use retention::Retention;
pub use sandbox::Sandbox;
pub use security::Security;
pub use server::Server;
pub use sessions::Sessions;
pub use storage::Storage;
pub use webhooks::Webhooks;

/// The settings with their defaults, each explained.
pub const DEFAULTS: &str = include_str!("default.toml");

/// The file that is read when no other is named and it exists.
const FILE: &str = "posthaste.toml";

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Listening and the public address.
    pub server: Server,
    /// What GraphQL takes.
    pub graphql: Graphql,
    /// How much callers may ask for.
    pub limits: Limits,
    /// PostgreSQL.
    pub database: Database,
    /// What processes share that may be lost.
    pub redis: Redis,
    /// When a process counts as ready.
    pub health: Health,
    /// Who may read the metrics, and where.
    pub metrics: Metrics,
    /// What concerns `worker` only.
    pub worker: Worker,
    /// Media files.
    pub storage: Storage,
    /// The secret and the master keys.
    pub security: Security,
    /// How long sessions last.
    pub sessions: Sessions,
    /// Where the networks are, and the app registrations.
    pub networks: Networks,
    /// By whom people may sign in.
    pub oidc: Oidc,
    /// What networks allow and charge.
    pub quotas: Quotas,
    /// How people get mails.
    pub mail: Mail,
    /// Who may become a person here.
    pub people: People,
    /// Webhooks.
    pub webhooks: Webhooks,
    /// How long the logs are kept.
    pub retention: Retention,
    /// Simulated networks and the movable clock.
    pub sandbox: Sandbox,
    /// What is written to the log.
    pub log: Log,
}

/// Flags that say where the configuration comes from, and those that go before it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// Configuration file; posthaste.toml in the working folder if it exists.
    #[arg(long, global = true)]
    pub config: Option<PathBuf>,
}

impl Config {
    /// Reads file and environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the environment is read"
    )]
    pub fn load(flags: &Flags) -> anyhow::Result<Self> {
        let file = match &flags.config {
            Some(path) => Some(path.as_path()),
            None => Some(Path::new(FILE)).filter(|path| path.is_file()),
        };
        let text = file
            .map(|path| {
                std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))
            })
            .transpose()?;
        let name = file.map_or_else(|| FILE.to_owned(), |path| path.display().to_string());
        Self::parse(
            text.as_deref().map(|text| (name.as_str(), text)),
            |variable| std::env::var(variable).ok(),
        )
    }

    /// As [`Config::load`], from a file's name and text and a lookup of variables.
    pub fn parse(
        file: Option<(&str, &str)>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let mut table: Table = DEFAULTS.parse().context("the built-in defaults")?;
        if let Some((name, text)) = file {
            let changes: Table = text.parse().with_context(|| format!("{name} is no TOML"))?;
            merge::merge(&mut table, changes).with_context(|| name.to_owned())?;
        }
        merge::environment(&mut table, variable)?;
        check::check(&table)?;
        let mut config: Self = table.try_into().context("the configuration")?;
        config.networks.complete(config.sandbox.enabled);
        // Who tries things out receives them on this machine.
        config.webhooks.allow_private |= config.sandbox.enabled;
        config.graphql.public_schema |= config.sandbox.enabled;
        config.oidc.complete(config.sandbox.enabled);
        config.oidc.check()?;
        config.server.trim();
        config.server.check()?;
        config.limits.check()?;
        config.mail.check()?;
        config.sandbox.check()?;
        Ok(config)
    }

    /// The configuration without file and environment; for tests.
    pub fn defaults() -> anyhow::Result<Self> {
        Self::parse(None, |_| None)
    }

    /// The database's address; without one nothing but `schema` and `errors` can run.
    pub fn address(&self) -> anyhow::Result<Address> {
        if self.database.url.is_empty() {
            bail!(
                "No database is set. Set DATABASE_URL=postgres://user:password@host/name (or database.url in {FILE}), \
                 or try everything on this machine with `posthaste sandbox`."
            );
        }
        Ok(Address::new(&self.database.url, self.database.ca_file())?)
    }
}

#[cfg(test)]
mod tests {
    use posthaste_core::Network;

    use super::*;

    #[test]
    fn environment_goes_before_file_and_file_before_defaults() {
        let file = "[server]\nlisten = \"0.0.0.0:80\"\npublic_url = \"https://a.example/\"\n[networks.x]\nclient_id = \"file\"";
        let config = Config::parse(Some(("p.toml", file)), |name| match name {
            "POSTHASTE_LISTEN" => Some("127.0.0.1:9".to_owned()),
            "POSTHASTE_X_CLIENT_SECRET" => Some("hush".to_owned()),
            "POSTHASTE_SANDBOX" => Some("1".to_owned()),
            _ => None,
        })
        .unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:9");
        assert_eq!(config.server.public_url, "https://a.example");
        assert_eq!(config.database.max_connections, 16);
        assert!(config.sandbox.enabled && config.webhooks.allow_private);
        assert!(config.graphql.public_schema);
        let apps = config.networks.apps();
        assert_eq!(apps[&Network::X].id, "file");
        assert_eq!(apps[&Network::X].secret.expose(), "hush");
        assert_eq!(apps[&Network::Facebook].id, "sandbox-facebook");
        assert_eq!(
            apps[&Network::Facebook].secret.expose(),
            "sandbox-facebook-secret"
        );
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn limits_are_switched_off_by_an_empty_bucket() {
        let rule = |bucket: Option<&str>| {
            let config = Config::parse(None, |name| {
                bucket
                    .filter(|_| name == "POSTHASTE_LIMITS_BUCKET")
                    .map(str::to_owned)
            });
            config.map(|config| config.limits.rule())
        };
        let default = rule(None).unwrap().unwrap();
        assert_eq!((default.size, default.per_second), (20_000, 2_000));
        assert_eq!(rule(Some("50")).unwrap().unwrap().size, 50);
        assert_eq!(rule(Some("0")).unwrap(), None);
        let error = rule(Some("many")).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "POSTHASTE_LIMITS_BUCKET: 'many' is no whole number"
        );
    }

    #[test]
    fn how_long_sessions_last_can_be_set() {
        let set = |value: &'static str| {
            let config = Config::parse(None, move |name| {
                (name == "POSTHASTE_SESSIONS_IDLE_DAYS").then(|| value.to_owned())
            });
            config
                .map(|config| {
                    let rules = config.sessions.rules();
                    (rules.idle.num_days(), rules.absolute.num_days())
                })
                .map_err(|error| format!("{error:#}"))
        };
        let defaults = Config::defaults().unwrap().sessions.rules();
        assert_eq!(defaults, posthaste_engine::session::Rules::default());
        assert_eq!(set("3"), Ok((3, 90)));
        let refused = "sessions.idle_days (POSTHASTE_SESSIONS_IDLE_DAYS) is 0; it must be a whole number from 1 to 3650.";
        assert_eq!(set("0"), Err(refused.to_owned()));
    }

    #[test]
    fn without_the_sandbox_no_network_has_an_app_and_webhooks_stay_public() {
        let config = Config::defaults().unwrap();
        assert!(config.networks.apps().is_empty());
        assert!(!config.webhooks.allow_private && !config.graphql.public_schema);
    }

    #[test]
    fn which_documents_are_taken_can_be_set() {
        assert_eq!(
            Config::defaults().unwrap().graphql.documents,
            Documents::Any
        );
        let set = |text: &str| {
            let text = text.to_owned();
            let variable =
                move |name: &str| (name == "POSTHASTE_GRAPHQL_DOCUMENTS").then(|| text.clone());
            Config::parse(None, variable).map(|config| config.graphql.documents)
        };
        assert_eq!(
            set("registered_from_browsers").unwrap(),
            Documents::RegisteredFromBrowsers
        );
        assert!(set("none").is_err());
    }

    #[test]
    fn what_belongs_to_fault_suites_is_refused_elsewhere() {
        let with = |settings: &[(&str, &str)]| {
            let config = Config::parse(None, |name| {
                let set = settings.iter().find(|(known, _)| *known == name);
                set.map(|(_, value)| (*value).to_owned())
            });
            config
                .map(|config| config.sandbox.timing())
                .map_err(|error| format!("{error:#}"))
        };
        let on = ("POSTHASTE_SANDBOX", "1");
        let pace = |pace| ("POSTHASTE_SANDBOX_PACE", pace);
        let crash = |at| ("POSTHASTE_SANDBOX_CRASH_AT", at);
        let usual = with(&[on]).unwrap();
        assert_eq!(with(&[on, pace("5")]).unwrap(), usual.at_pace(5));
        assert!(with(&[on, crash("after_intent:stop:3")]).is_ok());
        assert_eq!(
            with(&[on, pace("50")]).unwrap_err(),
            "sandbox.pace is 50: give a whole number from 1 to 20"
        );
        assert_eq!(
            with(&[on, crash("after_call:nap")]).unwrap_err(),
            "sandbox.crash_at: 'nap' is neither kill nor stop"
        );
        assert_eq!(
            with(&[pace("2")]).unwrap_err(),
            "sandbox.pace shortens the waits that keep posts from going out twice: only for sandbox.enabled = true"
        );
        assert_eq!(
            with(&[crash("after_call")]).unwrap_err(),
            "sandbox.crash_at ends workers on purpose: only for sandbox.enabled = true"
        );
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |text: &str| {
            format!(
                "{:#}",
                Config::parse(Some(("p.toml", text)), |_| None).unwrap_err()
            )
        };
        assert_eq!(
            refused("[server]\nlisten_on = \"x\""),
            "p.toml: unknown setting server.listen_on; known are: server.cors_origins, server.graphiql_dir, server.listen, server.public_url, server.redirect_listen, server.tls_cert_file, server.tls_key_file, server.trusted_proxies"
        );
        assert_eq!(
            refused("[sever]\n"),
            "p.toml: unknown section sever; known are: database, graphql, health, limits, log, mail, metrics, networks, oidc, people, quotas, redis, retention, sandbox, security, server, sessions, storage, webhooks, worker"
        );
    }
}
