use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, Result};
use posthaste_store::{
    access::{self, User},
    identity::{self, Identity},
    invitation, person,
};
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::{
    App,
    session::{self, Client},
};

/// What a provider has said of somebody, after it was verified.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Said {
    /// The provider, as it names itself.
    pub issuer: String,
    /// The person, as it names them.
    pub subject: String,
    /// Their e-mail, in lower case.
    pub email: Option<String>,
    /// Whether it has made sure that this is theirs.
    pub email_verified: bool,
    /// Their name.
    pub name: Option<String>,
    /// Their time zone.
    pub zone: Option<String>,
    /// When it said so.
    pub at: DateTime<Utc>,
}

/// Whom that makes somebody here.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// A person whose identity it is.
    Linked(User, Identity),
    /// A person whose e-mail it is, at a provider that is trusted with that.
    Trusted(User),
    /// Nobody yet, who may become somebody.
    Newcomer(String),
}

impl Who {
    /// The person, if there is one.
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::Linked(user, _) | Self::Trusted(user) => Some(user),
            Self::Newcomer(_) => None,
        }
    }
}

impl Said {
    /// Whom it makes somebody. `IDENTITY_UNKNOWN` for nobody, in the same words whether there is an account of the e-mail
    /// or not, and `ACCOUNT_DISABLED` for a person who is shut out. Refusals are in the audit log.
    pub async fn who(&self, app: &App, by: &Settings, client: &Client) -> Result<Who> {
        let who = self.look(app, by).await?;
        let disabled = who.as_ref().and_then(Who::user);
        let disabled = disabled.filter(|user| user.disabled_at.is_some());
        let (code, message) = match (&disabled, &who) {
            (Some(_), _) => (
                ErrorCode::AccountDisabled,
                ErrorCode::AccountDisabled.title(),
            ),
            (None, None) => (ErrorCode::IdentityUnknown, self.why_unknown()),
            (None, Some(_)) => return who.ok_or_else(|| Error::internal("nobody")),
        };
        let user = disabled.map(|user| user.id);
        let identity = (self.issuer.as_str(), self.subject.as_str());
        session::note_provider(app, &by.name, identity, user, client, code).await;
        Err(Error::new(code, message))
    }

    fn why_unknown(&self) -> &'static str {
        match (&self.email, self.email_verified) {
            (None, _) => {
                "Nobody here signs in with this identity, and the provider tells no e-mail."
            }
            (_, false) => {
                "Nobody here signs in with this identity, and the provider has not verified its e-mail."
            }
            _ => ErrorCode::IdentityUnknown.title(),
        }
    }

    async fn look(&self, app: &App, by: &Settings) -> Result<Option<Who>> {
        let mut conn = app.db.get().await?;
        if let Some(row) = identity::find(&mut conn, &self.issuer, &self.subject).await? {
            let user = person::get(&mut conn, row.user_id).await?;
            return Ok(user.map(|user| Who::Linked(user, row)));
        }
        let Some(email) = self.email.as_ref().filter(|_| self.email_verified) else {
            return Ok(None);
        };
        if let Some(user) = access::user_by_email(&mut conn, email).await? {
            return Ok(by.trust_email.then_some(Who::Trusted(user)));
        }
        let is_welcome = by.may_register(email)
            || !invitation::open_for(&mut conn, email, app.now())
                .await?
                .is_empty();
        Ok(is_welcome.then(|| Who::Newcomer(email.clone())))
    }
}
