use anyhow::{Context, bail};
use posthaste_core::Network;
use toml::{Table, Value};

use super::oidc;

/// The section whose sections have names of the operator's.
const PROVIDERS: &str = "oidc";

/// What each app registration and provider has variables for.
const CREDENTIALS: [(&str, &str); 2] = [
    ("CLIENT_ID", "client_id"),
    ("CLIENT_SECRET", "client_secret"),
];

/// Environment variables and the settings they set.
const VARIABLES: &[(&str, &[&str])] = &[
    ("DATABASE_URL", &["database", "url"]),
    ("POSTHASTE_DATABASE_CA_FILE", &["database", "ca_file"]),
    ("POSTHASTE_LISTEN", &["server", "listen"]),
    ("POSTHASTE_PUBLIC_URL", &["server", "public_url"]),
    ("POSTHASTE_GRAPHIQL_DIR", &["server", "graphiql_dir"]),
    ("POSTHASTE_GRAPHQL_DOCUMENTS", &["graphql", "documents"]),
    ("POSTHASTE_TRUSTED_PROXIES", &["server", "trusted_proxies"]),
    ("POSTHASTE_TLS_CERT_FILE", &["server", "tls_cert_file"]),
    ("POSTHASTE_TLS_KEY_FILE", &["server", "tls_key_file"]),
    ("POSTHASTE_REDIRECT_LISTEN", &["server", "redirect_listen"]),
    ("POSTHASTE_CORS_ORIGINS", &["server", "cors_origins"]),
    (
        "POSTHASTE_GRAPHQL_PUBLIC_SCHEMA",
        &["graphql", "public_schema"],
    ),
    ("POSTHASTE_LIMITS_BUCKET", &["limits", "bucket"]),
    (
        "POSTHASTE_LIMITS_RESTORE_PER_SECOND",
        &["limits", "restore_per_second"],
    ),
    ("REDIS_URL", &["redis", "url"]),
    ("POSTHASTE_REDIS_URL", &["redis", "url"]),
    ("POSTHASTE_REDIS_PREFIX", &["redis", "prefix"]),
    (
        "POSTHASTE_HEALTH_OVERDUE_SECONDS",
        &["health", "overdue_seconds"],
    ),
    ("POSTHASTE_METRICS_LISTEN", &["metrics", "listen"]),
    ("POSTHASTE_METRICS_TOKEN", &["metrics", "token"]),
    ("POSTHASTE_WORKER_LISTEN", &["worker", "listen"]),
    ("POSTHASTE_DATA_DIR", &["storage", "data_dir"]),
    ("POSTHASTE_SECRET_FILE", &["security", "secret_file"]),
    (
        "POSTHASTE_MASTER_KEY_FILE",
        &["security", "master_key_file"],
    ),
    ("POSTHASTE_MASTER_KEYS", &["security", "master_keys"]),
    ("POSTHASTE_SESSIONS_IDLE_DAYS", &["sessions", "idle_days"]),
    (
        "POSTHASTE_SESSIONS_ABSOLUTE_DAYS",
        &["sessions", "absolute_days"],
    ),
    ("POSTHASTE_NETWORKS_BASE_URL", &["networks", "base_url"]),
    ("POSTHASTE_QUOTAS_FILE", &["quotas", "file"]),
    ("POSTHASTE_QUOTAS_ENFORCE", &["quotas", "enforce"]),
    ("POSTHASTE_REGISTRATION", &["people", "registration"]),
    ("POSTHASTE_MAIL_URL", &["mail", "url"]),
    ("POSTHASTE_MAIL_FROM", &["mail", "from"]),
    (
        "POSTHASTE_MAIL_TIMEOUT_SECONDS",
        &["mail", "timeout_seconds"],
    ),
    (
        "POSTHASTE_WEBHOOKS_ALLOW_PRIVATE",
        &["webhooks", "allow_private"],
    ),
    (
        "POSTHASTE_RETENTION_EVENTS_MONTHS",
        &["retention", "events_months"],
    ),
    (
        "POSTHASTE_RETENTION_TIMELINES_MONTHS",
        &["retention", "timelines_months"],
    ),
    ("POSTHASTE_SANDBOX", &["sandbox", "enabled"]),
    ("POSTHASTE_CLOCK_FILE", &["sandbox", "clock_file"]),
    ("POSTHASTE_SANDBOX_CLOCK_GUARD", &["sandbox", "clock_guard"]),
    ("POSTHASTE_SANDBOX_PACE", &["sandbox", "pace"]),
    ("POSTHASTE_SANDBOX_CRASH_AT", &["sandbox", "crash_at"]),
    ("POSTHASTE_LOG", &["log", "filter"]),
    ("POSTHASTE_LOG_FORMAT", &["log", "format"]),
];

/// The variable that sets a setting; of several the first.
pub(super) fn variable_of(path: &str) -> Option<&'static str> {
    let sets = |place: &[&str]| place.join(".") == path;
    VARIABLES
        .iter()
        .find_map(|(name, place)| sets(place).then_some(*name))
}

/// Writes `changes` over `table`; refuses what `table` does not know.
pub(super) fn merge(table: &mut Table, changes: Table) -> anyhow::Result<()> {
    merge_at(table, changes, "")
}

fn merge_at(table: &mut Table, changes: Table, place: &str) -> anyhow::Result<()> {
    for (key, change) in changes {
        let path = if place.is_empty() {
            key.clone()
        } else {
            format!("{place}.{key}")
        };
        match (table.get_mut(&key), change) {
            (Some(Value::Table(inner)), Value::Table(changes)) => merge_at(inner, changes, &path)?,
            (Some(known), change) => *known = change,
            // The operator names the providers.
            (None, Value::Table(changes)) if place == PROVIDERS => {
                let mut provider: Table = oidc::TEMPLATE.parse()?;
                merge_at(&mut provider, changes, &path)?;
                table.insert(key, Value::Table(provider));
            }
            (None, _) if place == PROVIDERS => bail!("{path} is a section: [{path}]"),
            (None, _) => bail!(unknown(table, place, &path)),
        }
    }
    Ok(())
}

fn unknown(table: &Table, place: &str, path: &str) -> String {
    let mut known: Vec<String> = table
        .keys()
        .map(|key| {
            if place.is_empty() {
                key.clone()
            } else {
                format!("{place}.{key}")
            }
        })
        .collect();
    known.sort();
    let kind = if place.is_empty() {
        "section"
    } else {
        "setting"
    };
    format!("unknown {kind} {path}; known are: {}", known.join(", "))
}

/// Writes the environment over `table`.
pub(super) fn environment(
    table: &mut Table,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<()> {
    for (name, path) in VARIABLES {
        if let Some(text) = variable(name) {
            set(table, path, text).with_context(|| (*name).to_owned())?;
        }
    }
    for network in Network::ALL {
        let lower = network.as_str().to_ascii_lowercase();
        for (suffix, key) in CREDENTIALS {
            if let Some(text) = variable(&format!("POSTHASTE_{}_{suffix}", network.as_str())) {
                set(table, &["networks", &lower, key], text)?;
            }
        }
    }
    let named = table.get(PROVIDERS).and_then(Value::as_table);
    let named: Vec<String> = named.into_iter().flat_map(Table::keys).cloned().collect();
    for name in named {
        let upper = name.to_ascii_uppercase().replace('-', "_");
        for (suffix, key) in CREDENTIALS {
            if let Some(text) = variable(&format!("POSTHASTE_OIDC_{upper}_{suffix}")) {
                set(table, &[PROVIDERS, &name, key], text)?;
            }
        }
    }
    Ok(())
}

fn set(table: &mut Table, path: &[&str], text: String) -> anyhow::Result<()> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(());
    };
    match table.get_mut(*first) {
        Some(Value::Table(inner)) => set(inner, rest, text),
        Some(known @ Value::Boolean(_)) => {
            *known = Value::Boolean(match text.as_str() {
                "1" | "true" => true,
                "0" | "false" | "" => false,
                other => bail!("'{other}' is neither 1 nor 0"),
            });
            Ok(())
        }
        Some(known @ Value::Integer(_)) => {
            *known = match text.parse() {
                Ok(number) => Value::Integer(number),
                Err(_) => bail!("'{text}' is no whole number"),
            };
            Ok(())
        }
        Some(known @ Value::Array(_)) => {
            let parts = text.split(',').map(str::trim);
            let parts = parts.filter(|part| !part.is_empty());
            *known = Value::Array(parts.map(|part| Value::String(part.to_owned())).collect());
            Ok(())
        }
        Some(known) => {
            *known = Value::String(text);
            Ok(())
        }
        None => bail!("the defaults do not know {first}"),
    }
}
