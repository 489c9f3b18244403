//! What each setting may be, looked at before anything is read from it: a mistake is one sentence that
//! names the setting, what it is and what is allowed, and all mistakes are told at once.

use std::{net::SocketAddr, ops::RangeInclusive};

use anyhow::bail;
use posthaste_engine::adapters::{Redis, Smtp};
use toml::{Table, Value};
use url::Url;

use super::merge::variable_of;

/// What a setting may be.
enum Rule {
    /// Address and port to listen on.
    Listen,
    /// The same, or empty.
    ListenOrNone,
    /// A whole number.
    Number(RangeInclusive<i64>),
    /// One of these words.
    Word(&'static [&'static str]),
    /// True or false.
    Switch,
    /// An http or https address, without query.
    Web,
    /// The same, or empty.
    WebOrNone,
    /// A list of origins of web pages.
    Origins,
    /// An address of Redis, or empty.
    RedisOrNone,
    /// An address of a mail server, or empty.
    SmtpOrNone,
    /// Who mails are from, or empty.
    SenderOrNone,
    /// A part of a key: letters, digits, `-`, `_`, `.` and `:`.
    Prefix,
    /// A secret of at least so many characters, or empty.
    SecretOrNone(usize),
}

const RULES: &[(&str, Rule)] = &[
    ("server.listen", Rule::Listen),
    ("server.public_url", Rule::Web),
    ("server.trusted_proxies", Rule::Number(0..=16)),
    ("server.redirect_listen", Rule::ListenOrNone),
    ("server.cors_origins", Rule::Origins),
    ("graphql.public_schema", Rule::Switch),
    (
        "graphql.documents",
        Rule::Word(&["any", "registered_from_browsers"]),
    ),
    ("limits.bucket", Rule::Number(0..=1_000_000_000)),
    ("limits.restore_per_second", Rule::Number(0..=1_000_000_000)),
    ("database.max_connections", Rule::Number(2..=1_000)),
    ("database.wait_seconds", Rule::Number(1..=300)),
    ("redis.url", Rule::RedisOrNone),
    ("redis.prefix", Rule::Prefix),
    ("health.overdue_seconds", Rule::Number(0..=86_400)),
    ("metrics.listen", Rule::ListenOrNone),
    ("metrics.token", Rule::SecretOrNone(16)),
    ("worker.listen", Rule::ListenOrNone),
    ("sessions.idle_days", Rule::Number(1..=3650)),
    ("sessions.absolute_days", Rule::Number(1..=3650)),
    ("networks.base_url", Rule::WebOrNone),
    ("mail.url", Rule::SmtpOrNone),
    ("mail.from", Rule::SenderOrNone),
    ("mail.timeout_seconds", Rule::Number(1..=120)),
    ("people.registration", Rule::Word(&["invited", "open"])),
    ("webhooks.allow_private", Rule::Switch),
    ("sandbox.enabled", Rule::Switch),
    ("log.format", Rule::Word(&["auto", "text", "json"])),
];

/// Refuses settings that are not what they may be, all at once.
pub(super) fn check(table: &Table) -> anyhow::Result<()> {
    let wrong: Vec<String> = RULES
        .iter()
        .filter_map(|(path, rule)| {
            let problem = rule.problem(find(table, path)?)?;
            let variable = variable_of(path).map(|name| format!(" ({name})"));
            Some(format!("{path}{} {problem}.", variable.unwrap_or_default()))
        })
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    bail!(wrong.join("\n"))
}

fn find<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    let (section, key) = path.split_once('.')?;
    table.get(section)?.as_table()?.get(key)
}

impl Rule {
    /// What is wrong with a value, if anything is.
    fn problem(&self, value: &Value) -> Option<String> {
        if self.allows(value) {
            return None;
        }
        let is = match (self, value) {
            (
                Self::RedisOrNone | Self::SmtpOrNone | Self::Web | Self::WebOrNone,
                Value::String(url),
            ) => {
                format!("is '{}'", without_secrets(url))
            }
            (Self::SecretOrNone(_), _) => "is too short or no text".to_owned(),
            (_, Value::String(text)) => format!("is '{text}'"),
            (_, other) => format!("is {other}"),
        };
        Some(format!("{is}; it must be {}", self.allowed()))
    }

    fn allows(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Number(range), Value::Integer(number)) => range.contains(number),
            (Self::Switch, Value::Boolean(_)) => true,
            (
                Self::ListenOrNone
                | Self::WebOrNone
                | Self::RedisOrNone
                | Self::SmtpOrNone
                | Self::SenderOrNone
                | Self::SecretOrNone(_),
                Value::String(text),
            ) if text.is_empty() => true,
            (Self::Listen | Self::ListenOrNone, Value::String(text)) => {
                text.parse::<SocketAddr>().is_ok()
            }
            (Self::Word(words), Value::String(text)) => words.contains(&text.as_str()),
            (Self::Web | Self::WebOrNone, Value::String(text)) => is_web(text),
            (Self::Origins, Value::Array(list)) => {
                list.iter().all(|one| one.as_str().is_some_and(is_origin))
            }
            (Self::RedisOrNone, Value::String(text)) => Redis::understands(text),
            (Self::SmtpOrNone, Value::String(text)) => Smtp::understands(text),
            (Self::SenderOrNone, Value::String(text)) => Smtp::is_sender(text),
            (Self::Prefix, Value::String(text)) => is_prefix(text),
            (Self::SecretOrNone(shortest), Value::String(text)) => text.len() >= *shortest,
            _ => false,
        }
    }

    fn allowed(&self) -> String {
        match self {
            Self::Listen => {
                "an address with a port, such as 127.0.0.1:4000, 0.0.0.0:4000 or [::1]:4000".into()
            }
            Self::ListenOrNone => "an address with a port, such as 127.0.0.1:9464, or empty".into(),
            Self::Number(range) => {
                format!("a whole number from {} to {}", range.start(), range.end())
            }
            Self::Word(words) => format!("one of {}", words.join(", ")),
            Self::Switch => "true or false".into(),
            Self::Web => {
                "an http or https address without query, such as https://post.example.org".into()
            }
            Self::WebOrNone => "an http or https address without query, or empty".into(),
            Self::Origins => {
                "a list of exact origins, such as [\"https://app.example.org\"]: http or https, a host, and a \
                 port unless it is the usual one; no path, no *"
                    .into()
            }
            Self::RedisOrNone => {
                "redis://host:6379, rediss://user:password@host:6379/0 (with TLS), \
                                  redis+unix:///path/of/the.sock, or empty"
                    .into()
            }
            Self::SmtpOrNone => {
                "smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS), \
                 smtp://host?tls=none (in the clear), or empty"
                    .into()
            }
            Self::SenderOrNone => {
                "an e-mail address, also as Posthaste <post@example.org>, or empty".into()
            }
            Self::Prefix => "1 to 40 letters, digits and - _ . :".into(),
            Self::SecretOrNone(shortest) => format!("{shortest} characters or more, or empty"),
        }
    }
}

fn is_web(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

/// As browsers write it: whatever else means the same is never equal to it.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}

fn is_prefix(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=40).contains(&text.len()) && text.bytes().all(allowed)
}

/// An address as it may be shown: who asks with which password stands before an '@', or behind a '?'.
fn without_secrets(url: &str) -> String {
    let place = url.find("://").map_or(0, |at| at + 3);
    let (before, shown) = match url.rfind('@') {
        Some(at) if at >= place => (format!("{}…", &url[..place]), &url[at..]),
        _ => (String::new(), url),
    };
    match shown.split_once('?') {
        Some((shown, _)) => format!("{before}{shown}?…"),
        None => format!("{before}{shown}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn refused(text: &str) -> String {
        let error = Config::parse(Some(("p.toml", text)), |_| None);
        format!("{:#}", error.expect_err(text))
    }

    #[test]
    fn a_mistake_is_a_sentence_with_setting_value_and_what_is_allowed() {
        const ADDRESS: &str = "it must be an address with a port, such as 127.0.0.1:4000, 0.0.0.0:4000 or [::1]:4000.";
        const OPERATORS: &str =
            "it must be an address with a port, such as 127.0.0.1:9464, or empty.";
        const WEB: &str =
            "it must be an http or https address without query, such as https://post.example.org.";
        const ORIGINS: &str = "it must be a list of exact origins, such as [\"https://app.example.org\"]: http or https, a host, and a port unless it is the usual one; no path, no *.";
        const REDIS: &str = "it must be redis://host:6379, rediss://user:password@host:6379/0 (with TLS), redis+unix:///path/of/the.sock, or empty.";
        let rows = [
            ("[server]\nlisten = \"4000\"", format!("server.listen (POSTHASTE_LISTEN) is '4000'; {ADDRESS}")),
            ("[server]\nlisten = \"localhost:4000\"", format!("server.listen (POSTHASTE_LISTEN) is 'localhost:4000'; {ADDRESS}")),
            ("[server]\nlisten = 5", format!("server.listen (POSTHASTE_LISTEN) is 5; {ADDRESS}")),
            ("[server]\nlisten = \"127.0.0.1:70000\"", format!("server.listen (POSTHASTE_LISTEN) is '127.0.0.1:70000'; {ADDRESS}")),
            ("[server]\npublic_url = \"ftp://x\"", format!("server.public_url (POSTHASTE_PUBLIC_URL) is 'ftp://x'; {WEB}")),
            ("[server]\npublic_url = \"https://x/?a\"", format!("server.public_url (POSTHASTE_PUBLIC_URL) is 'https://x/?…'; {WEB}")),
            ("[server]\ntrusted_proxies = -1", "server.trusted_proxies (POSTHASTE_TRUSTED_PROXIES) is -1; it must be a whole number from 0 to 16.".into()),
            ("[server]\ntrusted_proxies = \"10.0.0.1\"", "server.trusted_proxies (POSTHASTE_TRUSTED_PROXIES) is '10.0.0.1'; it must be a whole number from 0 to 16.".into()),
            ("[server]\ncors_origins = [\"*\"]", format!("server.cors_origins (POSTHASTE_CORS_ORIGINS) is [\"*\"]; {ORIGINS}")),
            ("[server]\ncors_origins = [\"https://a.example\", \"https://b.example/\"]", format!("server.cors_origins (POSTHASTE_CORS_ORIGINS) is [\"https://a.example\", \"https://b.example/\"]; {ORIGINS}")),
            ("[server]\ncors_origins = [\"https://a.example:443\"]", format!("server.cors_origins (POSTHASTE_CORS_ORIGINS) is [\"https://a.example:443\"]; {ORIGINS}")),
            ("[server]\ncors_origins = \"https://a.example\"", format!("server.cors_origins (POSTHASTE_CORS_ORIGINS) is 'https://a.example'; {ORIGINS}")),
            ("[graphql]\npublic_schema = \"yes\"", "graphql.public_schema (POSTHASTE_GRAPHQL_PUBLIC_SCHEMA) is 'yes'; it must be true or false.".into()),
            ("[server]\nredirect_listen = \"80\"", format!("server.redirect_listen (POSTHASTE_REDIRECT_LISTEN) is '80'; {OPERATORS}")),
            ("[server]\nredirect_listen = \"0.0.0.0:80\"", "server.redirect_listen leads to server.public_url, which must begin with https:// then.".into()),
            ("[server]\ntls_cert_file = \"cert.pem\"", "server.tls_cert_file and server.tls_key_file belong together: set both, or neither where a proxy speaks TLS.".into()),
            ("[limits]\nbucket = -5", "limits.bucket (POSTHASTE_LIMITS_BUCKET) is -5; it must be a whole number from 0 to 1000000000.".into()),
            ("[limits]\nbucket = 2.5", "limits.bucket (POSTHASTE_LIMITS_BUCKET) is 2.5; it must be a whole number from 0 to 1000000000.".into()),
            ("[limits]\nrestore_per_second = 0", "limits.restore_per_second is 0, so a used bucket would stay empty. Set it to 1 or more, or switch limits off with limits.bucket = 0.".into()),
            ("[database]\nmax_connections = 1", "database.max_connections is 1; it must be a whole number from 2 to 1000.".into()),
            ("[database]\nwait_seconds = 0", "database.wait_seconds is 0; it must be a whole number from 1 to 300.".into()),
            ("[graphql]\ndocuments = \"none\"", "graphql.documents (POSTHASTE_GRAPHQL_DOCUMENTS) is 'none'; it must be one of any, registered_from_browsers.".into()),
            ("[redis]\nurl = \"localhost:6379\"", format!("redis.url (REDIS_URL) is 'localhost:6379'; {REDIS}")),
            ("[redis]\nurl = \"http://me:hush@host\"", format!("redis.url (REDIS_URL) is 'http://…@host'; {REDIS}")),
            ("[redis]\nurl = \"redis-unix:///r.sock?user=me&pass=hush\"", format!("redis.url (REDIS_URL) is 'redis-unix:///r.sock?…'; {REDIS}")),
            ("[redis]\nurl = \"http://me:hu?sh@host\"", format!("redis.url (REDIS_URL) is 'http://…@host'; {REDIS}")),
            ("[server]\npublic_url = \"ftp://me:hush@x\"", format!("server.public_url (POSTHASTE_PUBLIC_URL) is 'ftp://…@x'; {WEB}")),
            ("[redis]\nprefix = \"a b\"", "redis.prefix (POSTHASTE_REDIS_PREFIX) is 'a b'; it must be 1 to 40 letters, digits and - _ . :.".into()),
            ("[health]\noverdue_seconds = 90000", "health.overdue_seconds (POSTHASTE_HEALTH_OVERDUE_SECONDS) is 90000; it must be a whole number from 0 to 86400.".into()),
            ("[metrics]\nlisten = \":9464\"", format!("metrics.listen (POSTHASTE_METRICS_LISTEN) is ':9464'; {OPERATORS}")),
            ("[metrics]\ntoken = \"short\"", "metrics.token (POSTHASTE_METRICS_TOKEN) is too short or no text; it must be 16 characters or more, or empty.".into()),
            ("[worker]\nlisten = \"here\"", format!("worker.listen (POSTHASTE_WORKER_LISTEN) is 'here'; {OPERATORS}")),
            ("[networks]\nbase_url = \"networks\"", "networks.base_url (POSTHASTE_NETWORKS_BASE_URL) is 'networks'; it must be an http or https address without query, or empty.".into()),
            ("[people]\nregistration = \"all\"", "people.registration (POSTHASTE_REGISTRATION) is 'all'; it must be one of invited, open.".into()),
            ("[mail]\nurl = \"post.example.org:25\"", "mail.url (POSTHASTE_MAIL_URL) is 'post.example.org:25'; it must be smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS), smtp://host?tls=none (in the clear), or empty.".into()),
            ("[mail]\nfrom = \"post\"", "mail.from (POSTHASTE_MAIL_FROM) is 'post'; it must be an e-mail address, also as Posthaste <post@example.org>, or empty.".into()),
            ("[mail]\nurl = \"smtps://me:hush@host\"", "mail.url is set, but mail.from is empty. Set mail.from (POSTHASTE_MAIL_FROM) to the sender, such as Posthaste <post@example.org>.".into()),
            ("[mail]\ntimeout_seconds = 0", "mail.timeout_seconds (POSTHASTE_MAIL_TIMEOUT_SECONDS) is 0; it must be a whole number from 1 to 120.".into()),
            ("[webhooks]\nallow_private = \"yes\"", "webhooks.allow_private (POSTHASTE_WEBHOOKS_ALLOW_PRIVATE) is 'yes'; it must be true or false.".into()),
            ("[log]\nformat = \"xml\"", "log.format (POSTHASTE_LOG_FORMAT) is 'xml'; it must be one of auto, text, json.".into()),
        ];
        for (text, sentence) in rows {
            assert_eq!(refused(text), sentence, "{text}");
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let told = refused("[server]\nlisten = \"x\"\n[database]\nmax_connections = 0");
        let lines: Vec<_> = told
            .lines()
            .map(|line| line.split(' ').next().unwrap())
            .collect();
        assert_eq!(lines, ["server.listen", "database.max_connections"]);
    }

    #[test]
    fn the_environment_is_held_to_the_same() {
        let told = |name: &'static str, value: &'static str| {
            let error = Config::parse(None, |asked| (asked == name).then(|| value.to_owned()));
            format!("{:#}", error.unwrap_err())
        };
        assert!(
            told("POSTHASTE_LISTEN", "4000")
                .starts_with("server.listen (POSTHASTE_LISTEN) is '4000'; ")
        );
        assert_eq!(
            told("POSTHASTE_TRUSTED_PROXIES", "one"),
            "POSTHASTE_TRUSTED_PROXIES: 'one' is no whole number"
        );
        assert!(
            told("POSTHASTE_CORS_ORIGINS", "https://a.example, null")
                .starts_with("server.cors_origins (POSTHASTE_CORS_ORIGINS) is [")
        );
        let known = Config::parse(None, |asked| {
            (asked == "POSTHASTE_CORS_ORIGINS")
                .then(|| "https://a.example,http://localhost:3000".into())
        });
        let listed = known.unwrap().server.cors_origins;
        assert_eq!(listed, ["https://a.example", "http://localhost:3000"]);
        assert!(told("POSTHASTE_REDIS_URL", "x").starts_with("redis.url (REDIS_URL) is 'x'; "));
    }
}
