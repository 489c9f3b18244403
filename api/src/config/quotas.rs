use std::path::Path;

use anyhow::{Context, bail, ensure};
use posthaste_core::{
    Network,
    post::ContentKind,
    quota::{Cap, Price, Rules, Scope},
};
use serde::Deserialize;
use toml::{Table, Value};

/// What networks allow and charge, and whether posts over a limit wait.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// File with this server's own limits and prices; empty for the documented ones.
    pub file: String,
    /// Whether posts over a limit wait or fail.
    pub enforce: Enforce,
}

/// Whether posts over a limit wait or fail, or are only warned about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforce {
    /// Everywhere but in a sandbox, whose networks have no limits unless they are told to.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// What the file says about one network. It replaces what is built in about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    caps: Option<Vec<OwnCap>>,
    price: Option<OwnPrice>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnCap {
    scope: Option<Scope>,
    kind: Option<ContentKind>,
    posts: u32,
    window_seconds: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnPrice {
    post: f64,
    post_with_link: Option<f64>,
}

impl Quotas {
    /// The limits and prices in force.
    pub fn rules(&self, sandbox: bool) -> anyhow::Result<Rules> {
        let mut rules = Rules::default();
        if !self.file.is_empty() {
            let text = std::fs::read_to_string(Path::new(&self.file))
                .with_context(|| format!("quotas.file: cannot read {}", self.file))?;
            replace(&mut rules, &text).with_context(|| format!("quotas.file {}", self.file))?;
        }
        rules.enforce = match self.enforce {
            Enforce::Auto => !sandbox,
            Enforce::On => true,
            Enforce::Off => false,
        };
        Ok(rules)
    }
}

fn replace(rules: &mut Rules, text: &str) -> anyhow::Result<()> {
    let table: Table = text.parse().context("this is no TOML")?;
    for (name, value) in table {
        let network: Network = name.to_ascii_uppercase().parse().ok().with_context(|| {
            let known: Vec<_> = Network::ALL.iter().map(|network| lower(*network)).collect();
            format!("unknown network {name}; known are: {}", known.join(", "))
        })?;
        one(rules, network, value).with_context(|| name.clone())?;
    }
    Ok(())
}

fn lower(network: Network) -> String {
    network.as_str().to_ascii_lowercase()
}

fn one(rules: &mut Rules, network: Network, value: Value) -> anyhow::Result<()> {
    let own: Own = value.try_into()?;
    if let Some(caps) = own.caps {
        let caps: Vec<Cap> = caps
            .into_iter()
            .map(|cap| cap.complete(network))
            .collect::<anyhow::Result<_>>()?;
        rules.replace_caps(network, caps);
    }
    if let Some(price) = own.price {
        rules.replace_price(network, Some(price.complete(network)?));
    }
    Ok(())
}

/// What is said about where a figure of the file comes from.
fn source() -> (String, String) {
    ("This server's quotas.file".to_owned(), String::new())
}

/// Most posts of one account that a limit may count: each is read when the next one is scheduled.
const COUNTED: u32 = 1_000;

impl OwnCap {
    fn complete(self, network: Network) -> anyhow::Result<Cap> {
        ensure!(
            self.posts > 0,
            "posts is 0, so nothing could ever go out; pause the connection instead"
        );
        ensure!(
            (1..=31 * 86_400).contains(&self.window_seconds),
            "window_seconds is {}; it must be from 1 to 31 days (2678400)",
            self.window_seconds
        );
        let scope = self.scope.unwrap_or(Scope::Account);
        ensure!(
            scope == Scope::App || self.posts <= COUNTED,
            "posts is {}; at most {COUNTED} posts of an account are counted",
            self.posts
        );
        let (source, date) = source();
        Ok(Cap {
            network,
            scope,
            kind: self.kind,
            posts: self.posts,
            window_seconds: self.window_seconds,
            source,
            date,
        })
    }
}

impl OwnPrice {
    fn complete(self, network: Network) -> anyhow::Result<Price> {
        let (source, date) = source();
        let post = millionths("post", self.post)?;
        let with_link = self
            .post_with_link
            .map(|price| millionths("post_with_link", price));
        Ok(Price {
            network,
            post,
            post_with_link: with_link.transpose()?.unwrap_or(post),
            source,
            date,
        })
    }
}

fn millionths(name: &str, price: f64) -> anyhow::Result<u32> {
    let exact = price * 1_000_000.0;
    if !(0.0..=f64::from(u32::MAX)).contains(&exact) {
        bail!("price.{name} is {price}; it must be from 0 to 4294");
    }
    if (exact - exact.round()).abs() > 1e-3 {
        bail!("price.{name} is {price}; it may have at most six digits after the point");
    }
    Ok(exact.round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Rules> {
        let mut rules = Rules::default();
        replace(&mut rules, text).map(|()| rules)
    }

    #[test]
    fn a_file_replaces_what_it_names_and_nothing_else() {
        let rules = read(
            "[x]\nprice = { post = 0.01, post_with_link = 0.02 }\n\
             caps = [{ posts = 5, window_seconds = 60 }, { scope = \"APP\", posts = 9, window_seconds = 60 }]\n\
             [facebook]\ncaps = []\n",
        )
        .unwrap();
        let caps: Vec<_> = rules
            .caps(Network::X, Scope::Account)
            .map(|cap| cap.posts)
            .collect();
        assert_eq!(caps, [5]);
        assert_eq!(rules.price(Network::X).unwrap().post_with_link, 20_000);
        assert_eq!(rules.caps(Network::Facebook, Scope::Account).count(), 0);
        assert_eq!(rules.caps(Network::Instagram, Scope::Account).count(), 1);
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |text: &str| format!("{:#}", read(text).unwrap_err());
        assert_eq!(
            refused("[myspace]\n"),
            "unknown network myspace; known are: facebook, instagram, pinterest, x"
        );
        assert_eq!(
            refused("[x]\ncaps = [{ posts = 0, window_seconds = 60 }]"),
            "x: posts is 0, so nothing could ever go out; pause the connection instead"
        );
        assert_eq!(
            refused("[x]\ncaps = [{ posts = 1001, window_seconds = 60 }]"),
            "x: posts is 1001; at most 1000 posts of an account are counted"
        );
        assert_eq!(
            refused("[x]\ncaps = [{ posts = 1, window_seconds = 0 }]"),
            "x: window_seconds is 0; it must be from 1 to 31 days (2678400)"
        );
        assert_eq!(
            refused("[x]\nprice = { post = -1.0 }"),
            "x: price.post is -1; it must be from 0 to 4294"
        );
        assert_eq!(
            refused("[x]\nprice = { post = 0.0000004 }"),
            "x: price.post is 0.0000004; it may have at most six digits after the point"
        );
        assert!(refused("[x]\ncap = []").contains("unknown field `cap`"));
        assert!(refused("x").starts_with("this is no TOML"));
        let missing = Quotas {
            file: "/nowhere/quotas.toml".into(),
            enforce: Enforce::Auto,
        };
        let error = format!("{:#}", missing.rules(false).unwrap_err());
        assert!(
            error.starts_with("quotas.file: cannot read /nowhere/quotas.toml"),
            "{error}"
        );
    }

    #[test]
    fn a_sandbox_has_no_limits_unless_it_is_told_to() {
        let quotas = |enforce| Quotas {
            file: String::new(),
            enforce,
        };
        let enforces = |enforce, sandbox| quotas(enforce).rules(sandbox).unwrap().enforce;
        assert!(enforces(Enforce::Auto, false) && !enforces(Enforce::Auto, true));
        assert!(enforces(Enforce::On, true) && !enforces(Enforce::Off, false));
    }
}
