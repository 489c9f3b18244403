//! The consent page of every network: who asks, for what, for which accounts; Allow or Deny.

use super::{
    Networks, accounts::Account, answer::Answer, call::Call, kinds::Network, pages, text::escape,
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
