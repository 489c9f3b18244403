use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, bail};
use posthaste_core::secret::Secret;
use posthaste_engine::identity::{Providers, Settings};
use serde::Deserialize;
use url::Url;

/// What each provider has unless its section says otherwise.
pub(super) const TEMPLATE: &str = r#"
label = ""
issuer = ""
client_id = ""
client_secret = ""
client_secret_file = ""
scopes = ["email", "profile"]
registration = []
trust_email = false
second_factor = "none"
allow_private = false
"#;

/// Longest name of a provider.
const LONGEST: usize = 40;

/// By whom people may sign in: a section for each provider.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Oidc(BTreeMap<String, Provider>);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    label: String,
    issuer: String,
    client_id: String,
    client_secret: Secret,
    client_secret_file: PathBuf,
    scopes: Vec<String>,
    registration: Vec<String>,
    trust_email: bool,
    second_factor: String,
    allow_private: bool,
}

impl Oidc {
    /// Who tries things out has providers on this machine.
    pub(super) fn complete(&mut self, is_sandbox: bool) {
        for provider in self.0.values_mut() {
            provider.allow_private |= is_sandbox;
        }
    }

    /// Refuses what no provider can be reached with, all at once.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut wrong = Vec::new();
        let mut issuers = BTreeMap::new();
        for (name, provider) in &self.0 {
            if !is_name(name) {
                wrong.push(format!(
                    "oidc.{name}: a provider's name has 1 to {LONGEST} small letters, digits and -, and begins with a letter."
                ));
            }
            let problems = provider.problems().into_iter();
            wrong.extend(problems.map(|problem| format!("oidc.{name}.{problem}.")));
            if let Some(other) = issuers.insert(&provider.issuer, name) {
                wrong.push(format!(
                    "oidc.{name}.issuer is that of oidc.{other} too: keep one of them."
                ));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        bail!(wrong.join("\n"))
    }

    /// The providers; sign-ins may end at pages of these origins, too.
    pub fn providers(&self, origins: &[String]) -> anyhow::Result<Providers> {
        let all = self
            .0
            .iter()
            .map(|(name, provider)| provider.settings(name));
        Ok(Providers::new(
            all.collect::<Result<_, _>>()?,
            origins.to_vec(),
        ))
    }
}

impl Provider {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !is_issuer(&self.issuer, self.allow_private) {
            problems.push(format!(
                "issuer is '{}'; it must be the https address that the provider calls itself by, exactly, without query (http only with \
                 allow_private = true)",
                self.issuer
            ));
        }
        if self.client_id.is_empty() {
            problems
                .push("client_id is empty; it must be what the provider calls this server".into());
        }
        if !self.client_secret.is_empty() && !self.client_secret_file.as_os_str().is_empty() {
            problems
                .push("client_secret and client_secret_file are both set: keep one of them".into());
        }
        if let Some(scope) = self.scopes.iter().find(|scope| !is_word(scope)) {
            problems.push(format!("scopes has '{scope}'; each must be one word"));
        }
        if let Some(domain) = self.registration.iter().find(|domain| !is_domain(domain)) {
            problems.push(format!(
                "registration has '{domain}'; it must be a list of domains of e-mails in small letters, such as [\"example.org\"], or empty"
            ));
        }
        if !["none", "provider"].contains(&self.second_factor.as_str()) {
            problems.push(format!(
                "second_factor is '{}'; it must be one of none, provider",
                self.second_factor
            ));
        }
        problems
    }

    fn settings(&self, name: &str) -> anyhow::Result<Settings> {
        let file = &self.client_secret_file;
        let client_secret = if file.as_os_str().is_empty() {
            self.client_secret.clone()
        } else {
            let text = std::fs::read_to_string(file);
            let text = text.with_context(|| {
                format!(
                    "oidc.{name}.client_secret_file: {} cannot be read",
                    file.display()
                )
            })?;
            Secret::new(text.trim())
        };
        let label = if self.label.is_empty() {
            name
        } else {
            &self.label
        };
        let scopes = self.scopes.iter().filter(|scope| *scope != "openid");
        Ok(Settings {
            name: name.to_owned(),
            label: label.to_owned(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret,
            scopes: scopes.cloned().collect(),
            registration: self.registration.clone(),
            trust_email: self.trust_email,
            second_factor: self.second_factor == "provider",
            allow_private: self.allow_private,
        })
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= LONGEST
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(allowed)
}

fn is_issuer(text: &str, allow_private: bool) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let is_plain = url.query().is_none() && url.fragment().is_none();
        is_plain && (url.scheme() == "https" || (url.scheme() == "http" && allow_private))
    })
}

fn is_word(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_domain(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    text.contains('.') && !text.starts_with('.') && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const GOOD: &str = "[oidc.acme]\nissuer = \"https://id.example/\"\nclient_id = \"us\"\n";

    fn parsed(text: &str) -> anyhow::Result<Config> {
        Config::parse(Some(("p.toml", text)), |name| {
            (name == "POSTHASTE_OIDC_ACME_CLIENT_SECRET").then(|| "hush".to_owned())
        })
    }

    #[test]
    fn a_provider_has_a_section_and_its_secret_may_come_from_the_environment() {
        assert_eq!(Config::defaults().unwrap().oidc.0.len(), 0);
        let config = parsed(GOOD).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
        let providers = config.oidc.providers(&[]).unwrap();
        let all: Vec<_> = providers.all().collect();
        let one = all[0];
        assert_eq!(
            (all.len(), one.name.as_str(), one.label.as_str()),
            (1, "acme", "acme")
        );
        assert_eq!(one.issuer, "https://id.example/");
        assert_eq!(one.client_secret.expose(), "hush");
        assert_eq!(one.scopes, ["email", "profile"]);
        assert!(!one.trust_email && !one.second_factor && !one.allow_private);
        assert!(one.registration.is_empty());
    }

    #[test]
    fn mistakes_in_a_provider_are_told_at_start() {
        let told = |text: &str| format!("{:#}", parsed(text).expect_err(text));
        let issuer = |is: &str| {
            format!(
                "oidc.acme.issuer is '{is}'; it must be the https address that the provider calls itself by, exactly, without query (http only with allow_private = true)."
            )
        };
        let with = |more: &str| told(&format!("{GOOD}{more}"));
        assert_eq!(
            told("[oidc.acme]\n"),
            format!(
                "{}\noidc.acme.client_id is empty; it must be what the provider calls this server.",
                issuer("")
            )
        );
        assert_eq!(
            told("[oidc.acme]\nissuer = \"http://id.example\"\nclient_id = \"us\""),
            issuer("http://id.example")
        );
        assert!(parsed("[oidc.acme]\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"us\"\nallow_private = true").is_ok());
        assert_eq!(
            with("client_secrets = \"x\""),
            "p.toml: unknown setting oidc.acme.client_secrets; known are: oidc.acme.allow_private, oidc.acme.client_id, oidc.acme.client_secret, oidc.acme.client_secret_file, oidc.acme.issuer, oidc.acme.label, oidc.acme.registration, oidc.acme.scopes, oidc.acme.second_factor, oidc.acme.trust_email"
        );
        assert_eq!(
            with("registration = [\"*\"]"),
            "oidc.acme.registration has '*'; it must be a list of domains of e-mails in small letters, such as [\"example.org\"], or empty."
        );
        assert_eq!(
            with("second_factor = \"always\""),
            "oidc.acme.second_factor is 'always'; it must be one of none, provider."
        );
        assert_eq!(
            with("client_secret_file = \"/x\""),
            "oidc.acme.client_secret and client_secret_file are both set: keep one of them."
        );
        assert_eq!(
            with("[oidc.other]\nissuer = \"https://id.example/\"\nclient_id = \"us\""),
            "oidc.other.issuer is that of oidc.acme too: keep one of them."
        );
        assert!(
            told("[oidc.Acme]\nissuer = \"https://a.example\"\nclient_id = \"us\"")
                .starts_with("oidc.Acme: a provider's name has")
        );
        assert!(told("[oidc]\nacme = 5").starts_with("p.toml: oidc.acme is a section"));
        assert!(with("trust_email = \"yes\"").contains("trust_email"));
    }
}
