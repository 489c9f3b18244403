use std::{fmt, sync::Arc};

use posthaste_core::{Error, ErrorCode, Result, outgoing::Reach, secret::Secret};
use tokio::sync::Mutex;

use super::discover::Found;

/// What an operator says of a provider.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name in addresses and in the configuration.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// What it calls itself: the address that its metadata is found below, exactly as it writes it.
    pub issuer: String,
    /// What it calls this server.
    pub client_id: String,
    /// What this server shows it; empty for none.
    pub client_secret: Secret,
    /// What it is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The domains, in lower case, whose verified e-mails may register.
    pub registration: Vec<String>,
    /// Whether an e-mail that it has verified opens the account of that e-mail.
    pub trust_email: bool,
    /// Whether it asks for a second factor each time.
    pub second_factor: bool,
    /// Whether it may be reached by http, and in a private network.
    pub allow_private: bool,
}

impl Settings {
    /// How far requests to it go.
    pub(super) fn reach(&self) -> Reach {
        if self.allow_private {
            Reach::Anywhere
        } else {
            Reach::Public
        }
    }

    /// Whether an e-mail (in lower case) is of a domain that may register.
    pub(super) fn may_register(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain);
        domain.is_some_and(|domain| self.registration.iter().any(|one| one == domain))
    }
}

/// A provider, and what it says of itself.
pub struct Provider {
    /// What the operator says.
    pub settings: Settings,
    /// What it said last.
    pub(super) found: Mutex<Option<Found>>,
}

struct Known {
    providers: Vec<Provider>,
    origins: Vec<String>,
}

/// The providers of a server; none unless the operator names some.
#[derive(Clone)]
pub struct Providers(Arc<Known>);

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

impl Default for Providers {
    fn default() -> Self {
        Self::new(Vec::new(), Vec::new())
    }
}

impl Providers {
    /// These providers. Sign-ins may end at pages of these origins, beside the server's own and programs on the person's machine.
    pub fn new(settings: Vec<Settings>, origins: Vec<String>) -> Self {
        let providers = settings.into_iter().map(|settings| Provider {
            settings,
            found: Mutex::default(),
        });
        Self(Arc::new(Known {
            providers: providers.collect(),
            origins,
        }))
    }

    /// What the operator says of each, in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = &Settings> {
        self.0.providers.iter().map(|provider| &provider.settings)
    }

    /// The provider of a name; `NOT_FOUND` where there is none.
    pub(super) fn get(&self, name: &str) -> Result<&Provider> {
        let mut all = self.0.providers.iter();
        all.find(|provider| provider.settings.name == name)
            .ok_or_else(|| {
                let message =
                    "This server knows no such provider; identityProviders names those it knows.";
                Error::new(ErrorCode::NotFound, message).at(["provider"])
            })
    }

    /// The provider that calls itself so.
    pub(super) fn by_issuer(&self, issuer: &str) -> Option<&Settings> {
        self.all().find(|settings| settings.issuer == issuer)
    }

    /// Origins of other sites at whose pages sign-ins may end.
    pub(super) fn origins(&self) -> &[String] {
        &self.0.origins
    }
}
