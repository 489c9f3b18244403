//! Everything the simulated networks remember.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    accounts::{Account, Accounts},
    call::Call,
    clock::Clock,
    faults::Faults,
    kinds::Network,
    limits::Limits,
    log::{Log, NewPost, Post, PostMedia},
    media::{Media, MediaStore},
    meta, pinterest,
    requests::Requests,
    switches::Switches,
    tokens::{Bearer, Tokens},
    x,
};

/// The whole state; one lock guards it, held for microseconds and never across a wait.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Switches.
    pub switches: Switches,
    /// Accounts.
    pub accounts: Accounts,
    /// Grants and tokens.
    pub tokens: Tokens,
    /// Accepted posts.
    pub log: Log,
    /// Call counters.
    pub limits: Limits,
    /// Faults in force.
    pub faults: Faults,
    /// Facebook and Instagram.
    pub meta: meta::State,
    /// Pinterest.
    #[serde(default)]
    pub pinterest: pinterest::State,
    /// X.
    #[serde(default)]
    pub x: x::State,
    /// The last number given to an object.
    last_id: u64,
    /// Copies of media; beside the snapshot, not in it.
    #[serde(skip)]
    pub media: MediaStore,
    /// The last requests; not in the snapshot.
    #[serde(skip)]
    pub requests: Requests,
}

impl State {
    /// The seeded accounts and nothing else. `token_seed` must differ between starts.
    pub fn seeded(token_seed: u64) -> Self {
        let switches = Switches::default();
        Self {
            accounts: Accounts::seeded(),
            tokens: Tokens::new(token_seed),
            log: Log::default(),
            limits: Limits::default(),
            faults: Faults::seeded(switches.seed),
            meta: meta::State::default(),
            pinterest: pinterest::State::default(),
            x: x::State::default(),
            last_id: 0,
            media: MediaStore::default(),
            requests: Requests::default(),
            switches,
        }
    }

    /// Goes on numbering where `before` stopped.
    pub fn continue_ids(&mut self, before: &Self) {
        self.last_id = before.last_id;
    }

    /// A number no object has had.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Makes a post visible: writes the log before anything is answered.
    /// `lag_ms` is what a fault put on the call, see [`Call::lag_ms`].
    pub fn accept(&mut self, mut new: NewPost, lag_ms: u64, now: DateTime<Utc>) -> u64 {
        new.lag_ms += self.switches.lag_ms(new.network).max(lag_ms);
        self.log.accept(new, now, Clock::real_ms())
    }

    /// The account that a network's token acts for; none when the token does not work there.
    pub fn caller(
        &self,
        network: Network,
        token: &str,
        now: DateTime<Utc>,
    ) -> Option<(Bearer, Account)> {
        let bearer = self.tokens.check(token, now).ok()?;
        let id = bearer
            .account
            .as_deref()
            .filter(|_| bearer.grant.network == network)?;
        let account = self.accounts.get(network, id)?.clone();
        Some((bearer, account))
    }

    /// A post that `call` may read: not removed, and its lag is over.
    pub fn readable(&self, network: Network, id: &str, call: &Call) -> Option<&Post> {
        let real_ms = Clock::real_ms().saturating_sub(call.lag_ms as i64);
        let post = self.log.get(network, id)?;
        (post.deleted_at.is_none() && post.listed_from_ms <= real_ms).then_some(post)
    }

    /// The posts of an account that `call` may list, newest first.
    pub fn listed<'a>(
        &'a self,
        network: Network,
        account: &str,
        call: &Call,
    ) -> impl DoubleEndedIterator<Item = &'a Post> + use<'a> {
        self.log.listed(
            network,
            account,
            Clock::real_ms().saturating_sub(call.lag_ms as i64),
        )
    }
}

/// Media as the log of posts shows it.
pub fn post_media(public_url: &str, media: &Media, alt_text: Option<String>) -> PostMedia {
    PostMedia {
        kind: media.kind().into(),
        url: format!("{public_url}/media/{}", media.sha256),
        media: media.clone(),
        alt_text,
    }
}
