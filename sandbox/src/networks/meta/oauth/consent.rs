//! The consent pages.

use std::collections::BTreeSet;

use super::{
    super::super::{
        Networks,
        accounts::PERSON_NAME,
        answer::Answer,
        call::Call,
        consent::{Choice, Consent, Decision, decision, redirect_url},
        kinds::Network,
        pages,
        tokens::Code,
    },
    CODE, words,
};

/// `www.facebook.com/{v}/dialog/oauth`: pages may be chosen, all of them at first.
pub fn facebook_dialog(networks: &Networks, call: &Call) -> Answer {
    let ask = Ask {
        title: "Facebook",
        choose: Network::Facebook,
        code_tail: "_=_",
    };
    ask.answer(networks, call, &[Network::Facebook, Network::Instagram])
}

/// `www.instagram.com/oauth/authorize`: one account.
pub fn instagram_dialog(networks: &Networks, call: &Call) -> Answer {
    let ask = Ask {
        title: "Instagram",
        choose: Network::Instagram,
        code_tail: "_",
    };
    ask.answer(networks, call, &[Network::Instagram])
}

struct Ask {
    title: &'static str,
    /// Accounts of which network are chosen.
    choose: Network,
    /// The fragment that the network leaves on the redirect.
    code_tail: &'static str,
}

impl Ask {
    fn answer(&self, networks: &Networks, call: &Call, clients: &[Network]) -> Answer {
        let refuse =
            |text: String| Answer::html(400, pages::notice("Sorry, something went wrong.", &text));
        let client_id = call.query("client_id").unwrap_or_default();
        let known = clients
            .iter()
            .find(|n| networks.config().clients[n].id == client_id);
        let Some(&network) = known else {
            return refuse(format!("Invalid App ID: {client_id}"));
        };
        let redirect_uri = call.query("redirect_uri").unwrap_or_default();
        if redirect_url(redirect_uri, &[]).is_none() {
            return refuse("The redirect_uri is missing or not absolute.".into());
        }
        if call
            .query("response_type")
            .is_some_and(|kind| kind != "code")
        {
            return refuse("The response_type must be code.".into());
        }
        let scopes: BTreeSet<String> = call
            .query("scope")
            .unwrap_or_default()
            .split([',', ' '])
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect();
        if let Some(unknown) = scopes.iter().find(|scope| words(scope).is_none()) {
            return refuse(format!("Invalid Scopes: {unknown}."));
        }
        match decision(call) {
            None => self.page(networks, call, client_id, &scopes),
            Some(Decision::Deny) => denied(call, redirect_uri),
            Some(Decision::Allow(accounts)) => {
                let code = {
                    let mut state = networks.state();
                    let mut scopes = scopes;
                    if self.choose == Network::Facebook {
                        scopes.insert("public_profile".into());
                    }
                    let grant = state.tokens.add_grant(network, client_id, accounts, scopes);
                    state.tokens.add_code(Code {
                        grant,
                        redirect_uri: redirect_uri.into(),
                        challenge: None,
                        expires_at: networks.now() + CODE,
                    })
                };
                back(call, redirect_uri, &[("code", &code)], self.code_tail)
            }
        }
    }

    fn page(
        &self,
        networks: &Networks,
        call: &Call,
        client_id: &str,
        scopes: &BTreeSet<String>,
    ) -> Answer {
        let choices = networks
            .state()
            .accounts
            .of(self.choose)
            .map(|account| Choice {
                id: account.id.clone(),
                label: format!("{} (@{})", account.name, account.username),
            })
            .collect();
        Consent {
            network: self.title,
            app: client_id,
            person: PERSON_NAME,
            permissions: scopes
                .iter()
                .filter_map(|scope| Some(format!("{} ({scope})", words(scope)?)))
                .collect(),
            choices,
            multiple: self.choose == Network::Facebook,
        }
        .page(call)
    }
}

fn denied(call: &Call, redirect_uri: &str) -> Answer {
    let parameters = [
        ("error", "access_denied"),
        ("error_code", "200"),
        ("error_description", "Permissions error"),
        ("error_reason", "user_denied"),
    ];
    back(call, redirect_uri, &parameters, "_=_")
}

/// Back to the application, with its state.
fn back(call: &Call, redirect_uri: &str, parameters: &[(&str, &str)], fragment: &str) -> Answer {
    let state = call.query("state").map(|state| ("state", state));
    let all: Vec<_> = parameters.iter().copied().chain(state).collect();
    match redirect_url(redirect_uri, &all) {
        Some(mut url) => {
            url.set_fragment(Some(fragment));
            Answer::redirect(url.as_str())
        }
        None => Answer::html(
            400,
            pages::notice("Sorry", "The redirect_uri is not absolute."),
        ),
    }
}
