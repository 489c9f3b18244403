//! One seed of a case: accounts and posts of its own, and what became of them.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use posthaste_core::{
    Network,
    ports::{Clock, Random, SeededRandom},
};
use posthaste_engine::{adapters::SystemClock, sandbox};
use serde_json::{Value, json};

use super::{
    check::{Account, Due, Seen},
    stage::Stage,
    workload::{self, Connected, Load, Planned, below},
};

/// Targets of one page.
const PAGE: usize = 100;
/// Posts written at the same time.
const AT_ONCE: usize = 4;

/// A round that runs.
pub struct Round {
    /// Names the posts: case and seed.
    pub name: String,
    pub seed: u64,
    /// Chance of the faults; the posts have their own.
    pub chance: SeededRandom,
    pub accounts: Vec<Connected>,
    /// When the first posts are due.
    pub start: DateTime<Utc>,
    /// When the last posts are due.
    pub end: DateTime<Utc>,
    /// Posts that the networks had accepted before.
    pub logged_before: usize,
    /// What was written: each account with the words for it.
    asked: Vec<(Account, String)>,
}

/// The present moment.
pub fn now() -> DateTime<Utc> {
    SystemClock.now()
}

impl Round {
    /// Connects fresh accounts.
    pub async fn open(stage: &Stage, name: String, seed: u64, load: &Load) -> anyhow::Result<Self> {
        let logged_before = stage.control.log().await?.len();
        let mut accounts = Vec::new();
        for network in Network::ALL {
            accounts.extend(connect(stage, network, load.accounts).await?);
        }
        Ok(Self {
            name,
            seed,
            chance: SeededRandom::new(seed.wrapping_mul(2).wrapping_add(1)),
            accounts,
            start: now(),
            end: now(),
            logged_before,
            asked: Vec::new(),
        })
    }

    /// Draws and writes the posts.
    pub async fn write(&mut self, stage: &Stage, load: &Load) -> anyhow::Result<()> {
        let planned = self.plan(load);
        self.ask(&planned);
        self.begin_in(stage.lead, load);
        workload::write(
            &stage.client,
            &planned,
            &stage.pictures,
            self.start,
            AT_ONCE,
        )
        .await
    }

    /// Notes what is about to be written, for the judge.
    pub fn ask(&mut self, planned: &[Planned]) {
        for post in planned {
            let to = self
                .accounts
                .iter()
                .filter(|account| post.connections.contains(&account.connection));
            self.asked.extend(to.map(|account| {
                let account = Account {
                    network: account.network.as_str().to_owned(),
                    id: account.remote_id.clone(),
                };
                (account, post.words.clone())
            }));
        }
    }

    /// What was written.
    pub fn asked(&self) -> &[(Account, String)] {
        &self.asked
    }

    /// The posts that the seed gives.
    pub fn plan(&self, load: &Load) -> Vec<Planned> {
        let chance = SeededRandom::new(self.seed.wrapping_mul(2));
        workload::plan(&self.name, load, &self.accounts, &chance)
    }

    /// The first posts are due in so many seconds.
    pub fn begin_in(&mut self, seconds: f64, load: &Load) {
        self.start = now() + TimeDelta::milliseconds((seconds * 1000.0) as i64);
        self.end = self.start + TimeDelta::milliseconds((load.spread * 1000.0) as i64);
    }

    /// Whether posts are due already: what is written after its time says nothing about order.
    pub fn has_begun(&self) -> bool {
        now() >= self.start
    }

    /// Whether posts are still to become due, or did `extra` seconds ago at most.
    pub fn goes_on(&self, extra: f64) -> bool {
        now() < self.end + TimeDelta::milliseconds((extra * 1000.0) as i64)
    }

    /// Waits for the first due time.
    pub async fn begins(&self) {
        let wait = (self.start - now()).to_std().unwrap_or_default();
        tokio::time::sleep(wait).await;
    }

    /// A wait between two lengths in seconds.
    pub async fn pause(&self, least: f64, most: f64) {
        let seconds = least + (most - least) * self.chance.unit();
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// One of several.
    pub fn any<'a, T>(&self, all: &'a [T]) -> &'a T {
        &all[below(&self.chance, all.len())]
    }

    fn connections(&self) -> Vec<&str> {
        let ids = self.accounts.iter();
        ids.map(|account| account.connection.as_str()).collect()
    }

    /// How many targets are still open; none when nobody answers.
    pub async fn open_targets(&self, stage: &Stage) -> anyhow::Result<u64> {
        let query =
            "query($filter: TargetFilter) { targets(first: 1, filter: $filter) { totalCount } }";
        let filter = json!({
            "connectionIds": self.connections(),
            "states": ["SCHEDULED", "CLAIMED", "SENDING", "UNCERTAIN", "RECONCILING"],
        });
        let data = stage
            .client
            .graphql(query, &json!({ "filter": filter }), None)
            .await?;
        data["targets"]["totalCount"].as_u64().context("no count")
    }

    /// The targets with their tries.
    pub async fn targets(&self, stage: &Stage) -> anyhow::Result<Vec<Value>> {
        let query = "query($filter: TargetFilter, $first: Int, $after: String) {
            targets(first: $first, after: $after, filter: $filter) {
                nodes { id state dueAt remoteId network connection { id remoteId }
                    post { content { text } } error { code message } attempts { n kind outcome error { code } } }
                pageInfo { hasNextPage endCursor }
            } }";
        let mut all = Vec::new();
        let mut after = Value::Null;
        loop {
            let variables = json!({
                "filter": { "connectionIds": self.connections() }, "first": PAGE, "after": after,
            });
            let mut data = stage.client.graphql(query, &variables, None).await?;
            let mut page = data["targets"].take();
            if let Value::Array(nodes) = page["nodes"].take() {
                all.extend(nodes);
            }
            if page["pageInfo"]["hasNextPage"] != true {
                return Ok(all);
            }
            after = page["pageInfo"]["endCursor"].take();
        }
    }

    /// What the networks accepted on this round's accounts.
    pub async fn walls(&self, stage: &Stage) -> anyhow::Result<Vec<Seen>> {
        let log = stage.control.log_since(self.logged_before).await?;
        let all = all_seen(&log)?;
        let ours = |seen: &Seen| {
            self.accounts.iter().any(|account| {
                account.remote_id == seen.account.id
                    && account.network.as_str() == seen.account.network
            })
        };
        Ok(all.into_iter().filter(ours).collect())
    }
}

/// Makes accounts on a network and connects them.
pub async fn connect(
    stage: &Stage,
    network: Network,
    count: usize,
) -> anyhow::Result<Vec<Connected>> {
    let made = stage.control.add_accounts(network, count).await?;
    stream::iter(made)
        .map(|account| async move {
            let row = sandbox::connect(&stage.app, &stage.actor, network, &account.id).await?;
            anyhow::Ok(Connected {
                connection: row.id.to_string(),
                network,
                remote_id: row.remote_id,
            })
        })
        .buffered(4)
        .try_collect()
        .await
}

/// A target of an API answer, for the judge.
pub fn due(target: &Value) -> anyhow::Result<Due> {
    let text = |pointer: &str| -> anyhow::Result<String> {
        let text = target.pointer(pointer).and_then(Value::as_str);
        Ok(text
            .with_context(|| format!("no {pointer} in {target}"))?
            .to_owned())
    };
    Ok(Due {
        id: text("/id")?,
        account: Account {
            network: text("/network")?,
            id: text("/connection/remoteId")?,
        },
        words: text("/post/content/text")?,
        at: text("/dueAt")?.parse()?,
        state: text("/state")?,
        remote_id: text("/remoteId").ok(),
        error: text("/error/code").ok().zip(text("/error/message").ok()),
    })
}

/// Posts of the networks' log, for the judge.
pub fn all_seen(log: &[Value]) -> anyhow::Result<Vec<Seen>> {
    log.iter().map(seen).collect()
}

fn seen(post: &Value) -> anyhow::Result<Seen> {
    let text = |pointer: &str| -> anyhow::Result<String> {
        let text = post.pointer(pointer).and_then(Value::as_str);
        Ok(text
            .with_context(|| format!("no {pointer} in {post}"))?
            .to_owned())
    };
    Ok(Seen {
        account: Account {
            network: text("/network")?,
            id: text("/account/id")?,
        },
        words: text("/text")?,
        remote_id: text("/id")?,
        accepted: text("/acceptedAt")?.parse()?,
    })
}
