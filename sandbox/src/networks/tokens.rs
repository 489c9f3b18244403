//! OAuth in one place: codes, grants, access and refresh tokens of all networks.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{chance::Chance, kinds::Network};

/// What a person allowed an application.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Which network asked.
    pub network: Network,
    /// The application.
    pub client_id: String,
    /// Ids of the accounts chosen in the consent page.
    pub accounts: Vec<String>,
    /// Allowed scopes.
    pub scopes: BTreeSet<String>,
    /// The person took it back.
    pub revoked: bool,
}

/// An authorization code, good once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Code {
    /// Grant it stands for.
    pub grant: u64,
    /// Must be repeated at the exchange.
    pub redirect_uri: String,
    /// PKCE challenge (S256), when the network checks it.
    pub challenge: Option<String>,
    /// End of life.
    pub expires_at: DateTime<Utc>,
}

/// Why a token no longer works although its time has not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Death {
    /// The person or the network took it back.
    Revoked,
    /// Ended before its time (by a fault).
    Expired,
}

/// An access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Access {
    /// Grant behind it.
    pub grant: u64,
    /// The account it acts for; none for a person's token (Meta).
    pub account: Option<String>,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// End of life; none for page tokens.
    pub expires_at: Option<DateTime<Utc>>,
    /// Ended early.
    pub dead: Option<Death>,
}

/// A refresh token, good once where the network rotates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refresh {
    /// Grant behind it.
    pub grant: u64,
    /// The account it acts for.
    pub account: String,
    /// End of life.
    pub expires_at: DateTime<Utc>,
}

/// A token that works, with its grant.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// Id of the grant.
    pub grant_id: u64,
    /// The grant.
    pub grant: Grant,
    /// The account it acts for; none for a person's token.
    pub account: Option<String>,
    /// When it was made.
    pub issued_at: DateTime<Utc>,
    /// End of life.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Bearer {
    /// The scope was allowed.
    pub fn has(&self, scope: &str) -> bool {
        self.grant.scopes.contains(scope)
    }

    /// The account was chosen in the consent.
    pub fn covers(&self, account: &str) -> bool {
        self.grant.accounts.iter().any(|a| a == account)
    }
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Never issued here.
    Unknown,
    /// Its time has come.
    Expired(DateTime<Utc>),
    /// Taken back.
    Revoked,
}

/// All codes, grants and tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tokens {
    chance: Chance,
    next_grant: u64,
    grants: HashMap<u64, Grant>,
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
}

impl Tokens {
    /// No tokens; `seed` must differ between starts, or old tokens would come back to life.
    pub fn new(seed: u64) -> Self {
        Self {
            chance: Chance::seeded(seed),
            next_grant: 1,
            grants: HashMap::new(),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
        }
    }

    /// Records what a person allowed.
    pub fn add_grant(
        &mut self,
        network: Network,
        client_id: &str,
        accounts: Vec<String>,
        scopes: BTreeSet<String>,
    ) -> u64 {
        let id = self.next_grant;
        self.next_grant += 1;
        let client_id = client_id.to_owned();
        self.grants.insert(
            id,
            Grant {
                network,
                client_id,
                accounts,
                scopes,
                revoked: false,
            },
        );
        id
    }

    /// A grant by id.
    pub fn grant(&self, id: u64) -> Option<&Grant> {
        self.grants.get(&id)
    }

    /// A grant by id, to change it.
    pub fn grant_mut(&mut self, id: u64) -> Option<&mut Grant> {
        self.grants.get_mut(&id)
    }

    /// A new code.
    pub fn add_code(&mut self, code: Code) -> String {
        let value = self.chance.text(48);
        self.codes.insert(value.clone(), code);
        value
    }

    /// Uses a code up; none when unknown, used or too old.
    pub fn take_code(&mut self, value: &str, now: DateTime<Utc>) -> Option<Code> {
        self.codes
            .remove(value)
            .filter(|code| code.expires_at > now)
    }

    /// A new access token that starts with `prefix`.
    pub fn add_access(
        &mut self,
        prefix: &str,
        grant: u64,
        account: Option<String>,
        now: DateTime<Utc>,
        life: Option<TimeDelta>,
    ) -> String {
        let value = format!("{prefix}{}", self.chance.text(64));
        let expires_at = life.map(|life| now + life);
        let access = Access {
            grant,
            account,
            issued_at: now,
            expires_at,
            dead: None,
        };
        self.access.insert(value.clone(), access);
        value
    }

    /// A new refresh token that starts with `prefix`.
    pub fn add_refresh(
        &mut self,
        prefix: &str,
        grant: u64,
        account: String,
        expires_at: DateTime<Utc>,
    ) -> String {
        let value = format!("{prefix}{}", self.chance.text(64));
        self.refresh.insert(
            value.clone(),
            Refresh {
                grant,
                account,
                expires_at,
            },
        );
        value
    }

    /// Uses a refresh token up; none when unknown, used, too old or revoked.
    pub fn take_refresh(&mut self, value: &str, now: DateTime<Utc>) -> Option<Refresh> {
        let found = self.refresh.remove(value).filter(|r| r.expires_at > now)?;
        self.grants
            .get(&found.grant)
            .is_some_and(|g| !g.revoked)
            .then_some(found)
    }

    /// What a token may do.
    pub fn check(&self, value: &str, now: DateTime<Utc>) -> Result<Bearer, Refused> {
        let access = self.access.get(value).ok_or(Refused::Unknown)?;
        let grant = self.grants.get(&access.grant).ok_or(Refused::Unknown)?;
        if grant.revoked || access.dead == Some(Death::Revoked) {
            return Err(Refused::Revoked);
        }
        if access.dead == Some(Death::Expired) {
            return Err(Refused::Expired(now));
        }
        if let Some(end) = access.expires_at.filter(|end| *end <= now) {
            return Err(Refused::Expired(end));
        }
        Ok(Bearer {
            grant_id: access.grant,
            grant: grant.clone(),
            account: access.account.clone(),
            issued_at: access.issued_at,
            expires_at: access.expires_at,
        })
    }

    /// The account of a token, working or not: faults are aimed by it.
    pub fn account_of(&self, value: &str) -> Option<String> {
        self.access.get(value)?.account.clone()
    }

    /// Ends one access token.
    pub fn revoke_access(&mut self, value: &str) {
        if let Some(access) = self.access.get_mut(value) {
            access.dead = Some(Death::Revoked);
        }
    }

    /// Forgets a refresh token; true when it was known.
    pub fn revoke_refresh(&mut self, value: &str) -> bool {
        self.refresh.remove(value).is_some()
    }

    /// Ends the access tokens of `account` whose grant passes `of`; a revocation also ends its
    /// refresh tokens.
    pub fn end_account(&mut self, account: &str, death: Death, of: impl Fn(&Grant) -> bool) {
        let grants = &self.grants;
        let concerns = |grant: u64| grants.get(&grant).is_some_and(&of);
        for access in self.access.values_mut() {
            if access.account.as_deref() == Some(account) && concerns(access.grant) {
                access.dead = Some(death);
            }
        }
        if death == Death::Revoked {
            self.refresh
                .retain(|_, r| r.account != account || !concerns(r.grant));
        }
    }
}
