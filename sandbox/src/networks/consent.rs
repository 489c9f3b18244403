//! The consent page of every network: who asks, for what, for which accounts; Allow or Deny.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::{
    Networks,
    accounts::{Account, PERSON_NAME},
    answer::Answer,
    call::Call,
    kinds::Network,
    pages,
    text::escape,
    tokens::Code,
};

/// What the page shows.
pub struct Consent<'a> {
    /// Network name.
    pub network: &'a str,
    /// Application id.
    pub app: &'a str,
    /// Who is logged in.
    pub person: &'a str,
    /// Each requested scope in words.
    pub permissions: Vec<String>,
    /// Accounts to choose from.
    pub choices: Vec<Choice>,
    /// More than one may be chosen.
    pub multiple: bool,
}

/// An account to choose.
pub struct Choice {
    /// The network's id.
    pub id: String,
    /// Name and handle.
    pub label: String,
}

/// What the person decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed for these accounts.
    Allow(Vec<String>),
    /// Denied.
    Deny,
}

impl Consent<'_> {
    /// The page; its form posts to the same address, query included.
    pub fn page(&self, call: &Call) -> Answer {
        let kind = if self.multiple { "checkbox" } else { "radio" };
        let choices = self.choices.iter().enumerate().map(|(n, choice)| {
            let checked = if n == 0 || self.multiple { " checked" } else { "" };
            let (id, label) = (escape(&choice.id), escape(&choice.label));
            format!(
                "<label><input type=\"{kind}\" name=\"account\" value=\"{id}\"{checked}> {label}</label>"
            )
        });
        let choices = choices.collect::<Vec<_>>().concat();
        let permissions = self
            .permissions
            .iter()
            .map(|p| format!("<li>{}</li>", escape(p)));
        let permissions = permissions.collect::<Vec<_>>().concat();
        let main = format!(
            "<h1>{app} wants access to {network}</h1><p>You are logged in as {person}.</p>\
             <form method=\"post\" action=\"?{query}\"><fieldset style=\"border:0;padding:0\">\
             <legend>Choose what it may use:</legend>{choices}</fieldset>\
             <p>It will be able to:</p><ul>{permissions}</ul>\
             <button name=\"decision\" value=\"allow\">Allow</button>\
             <button name=\"decision\" value=\"deny\">Deny</button></form>\
             <p><small>This is a simulated network. Nothing leaves this machine.</small></p>",
            app = escape(self.app),
            network = escape(self.network),
            person = escape(self.person),
            query = escape(&call.raw_query),
        );
        Answer::html(
            200,
            pages::page(&format!("Log in with {}", self.network), &main),
        )
        .with("cache-control", "no-store")
    }
}

/// Every account of a network.
pub fn choices(networks: &Networks, network: Network) -> Vec<Choice> {
    let state = networks.state();
    let choice = |account: &Account| Choice {
        id: account.id.clone(),
        label: format!("{} (@{})", account.name, account.username),
    };
    state.accounts.of(network).map(choice).collect()
}

/// Reads the posted form; none when it is not one.
pub fn decision(call: &Call) -> Option<Decision> {
    let super::call::Body::Form(fields) = &call.body else {
        return None;
    };
    match call.form("decision")? {
        "allow" => Some(Decision::Allow(
            fields
                .iter()
                .filter(|(k, _)| k == "account")
                .map(|(_, v)| v.clone())
                .collect(),
        )),
        "deny" => Some(Decision::Deny),
        _ => None,
    }
}

/// `redirect_uri` with parameters added; none when it is not absolute.
pub fn redirect_url(redirect_uri: &str, parameters: &[(&str, &str)]) -> Option<url::Url> {
    let mut url = url::Url::parse(redirect_uri)
        .ok()
        .filter(url::Url::has_host)?;
    url.query_pairs_mut().extend_pairs(parameters);
    Some(url)
}

/// A legal request of an application for one account.
pub struct Request<'a> {
    /// Whose account.
    pub network: Network,
    /// Application id.
    pub client_id: &'a str,
    /// Where the person is sent back to.
    pub redirect_uri: &'a str,
    /// What is asked for.
    pub scopes: BTreeSet<String>,
    /// Given back as it came.
    pub state: Option<&'a str>,
    /// S256 challenge of PKCE.
    pub challenge: Option<String>,
    /// Life of the code.
    pub code_life: TimeDelta,
}

/// A scope in words; none for scopes a network does not have.
pub type Words = fn(&str) -> Option<&'static str>;

impl Request<'_> {
    /// The page, and what the person decided on it.
    pub fn answer(&self, networks: &Networks, call: &Call, words: Words) -> Answer {
        match decision(call) {
            None => self.page(networks, call, words),
            Some(Decision::Deny) => self.back(("error", "access_denied")),
            Some(Decision::Allow(accounts)) => self.allow(networks, accounts),
        }
    }

    fn page(&self, networks: &Networks, call: &Call, words: Words) -> Answer {
        let in_words = |scope: &String| Some(format!("{} ({scope})", words(scope)?));
        Consent {
            network: self.network.title(),
            app: self.client_id,
            person: PERSON_NAME,
            permissions: self.scopes.iter().filter_map(in_words).collect(),
            choices: choices(networks, self.network),
            multiple: false,
        }
        .page(call)
    }

    fn allow(&self, networks: &Networks, accounts: Vec<String>) -> Answer {
        let code = {
            let mut state = networks.state();
            let known = |id: &String| state.accounts.get(self.network, id).is_some();
            if accounts.len() != 1 || !accounts.iter().all(known) {
                return self.refusal("Choose one account.");
            }
            let scopes = self.scopes.clone();
            let tokens = &mut state.tokens;
            let grant = tokens.add_grant(self.network, self.client_id, accounts, scopes);
            tokens.add_code(Code {
                grant,
                redirect_uri: self.redirect_uri.into(),
                challenge: self.challenge.clone(),
                expires_at: networks.now() + self.code_life,
            })
        };
        self.back(("code", &code))
    }

    fn back(&self, parameter: (&str, &str)) -> Answer {
        let state = self.state.map(|state| ("state", state));
        let all: Vec<_> = [parameter].into_iter().chain(state).collect();
        match redirect_url(self.redirect_uri, &all) {
            Some(url) => Answer::redirect(url.as_str()),
            None => self.refusal("The redirect_uri is not absolute."),
        }
    }

    fn refusal(&self, text: &str) -> Answer {
        Answer::html(400, pages::notice(self.network.title(), text))
    }
}

/// A parameter that must be there and not empty.
pub fn need<'a>(call: &'a Call, name: &str) -> Result<&'a str, String> {
    let value = call.query(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("Missing parameter: {name}."))
}

/// Refuses parameters that are not among `names`.
pub fn only(call: &Call, names: &[&str]) -> Result<(), String> {
    let mut given = call.query.iter();
    match given.find(|(name, _)| !names.contains(&name.as_str())) {
        Some((name, _)) => Err(format!("Unknown parameter: {name}.")),
        None => Ok(()),
    }
}

/// Where to send the person back to: an absolute address.
pub fn return_address(call: &Call) -> Result<&str, String> {
    let redirect_uri = need(call, "redirect_uri")?;
    match redirect_url(redirect_uri, &[]) {
        Some(_) => Ok(redirect_uri),
        None => Err("The redirect_uri is not absolute.".into()),
    }
}

/// The scopes asked for, between any of `separators`; all of them known.
pub fn scopes(call: &Call, separators: &[char], words: Words) -> Result<BTreeSet<String>, String> {
    let scopes: BTreeSet<String> = need(call, "scope")?
        .split(separators)
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect();
    match scopes.iter().find(|scope| words(scope).is_none()) {
        Some(unknown) => Err(format!("Unknown scope: {unknown}.")),
        None => Ok(scopes),
    }
}
