//! What is posted in a round: drawn from the seed, written through the API.

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use posthaste_core::ports::{Random, SeededRandom};
use serde_json::json;

use super::client::Client;

/// How much to post.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Posts.
    pub posts: usize,
    /// Accounts on each network.
    pub accounts: usize,
    /// Seconds over which the posts are due.
    pub spread: f64,
    /// Posts in a hundred whose targets wait for a person when it is proved that nothing went out.
    pub hold_percent: usize,
    /// Whether pictures are posted; without, only networks that take words alone.
    pub pictures: bool,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            posts: 30,
            accounts: 3,
            spread: 4.0,
            hold_percent: 0,
            pictures: true,
        }
    }
}

/// A connected account.
#[derive(Clone, Debug)]
pub struct Connected {
    pub connection: String,
    pub network: posthaste_core::Network,
    pub remote_id: String,
}

impl Connected {
    fn takes_words_alone(&self) -> bool {
        use posthaste_core::Network::{Facebook, X};
        matches!(self.network, Facebook | X)
    }
}

/// A post to be written.
#[derive(Clone, Debug)]
pub struct Planned {
    pub words: String,
    pub connections: Vec<String>,
    pictures: usize,
    /// After the round's start; none for at once.
    pub after: Option<TimeDelta>,
    holds: bool,
}

impl Planned {
    /// Words alone, to one connection, at once.
    pub fn now(words: String, connection: &str) -> Self {
        Self {
            words,
            connections: vec![connection.to_owned()],
            pictures: 0,
            after: None,
            holds: false,
        }
    }
}

/// Draws a number below `limit`.
pub fn below(chance: &SeededRandom, limit: usize) -> usize {
    ((chance.unit() * limit as f64) as usize).min(limit.saturating_sub(1))
}

/// Draws the posts of a round; `name` keeps their words apart from every other round's.
pub fn plan(
    name: &str,
    load: &Load,
    accounts: &[Connected],
    chance: &SeededRandom,
) -> Vec<Planned> {
    (0..load.posts)
        .map(|n| {
            let pictures = if load.pictures { below(chance, 3) } else { 0 };
            let able: Vec<_> = accounts
                .iter()
                .filter(|account| pictures > 0 || account.takes_words_alone())
                .collect();
            let mut connections: Vec<String> = Vec::new();
            for _ in 0..=below(chance, 4) {
                let one = &able[below(chance, able.len())].connection;
                if !connections.contains(one) {
                    connections.push(one.clone());
                }
            }
            // Some share their second, so that the order of ids counts.
            let second = (chance.unit() * load.spread * 2.0).floor() / 2.0;
            Planned {
                words: format!("Loaf {n} of {name}"),
                connections,
                pictures,
                after: Some(TimeDelta::milliseconds((second * 1000.0) as i64)),
                holds: below(chance, 100) < load.hold_percent,
            }
        })
        .collect()
}

/// Posts to all accounts in turn, a hundred thousand targets or more, all due at once.
pub fn crowd(
    name: &str,
    targets: usize,
    most: usize,
    accounts: &[Connected],
    chance: &SeededRandom,
) -> Vec<Planned> {
    let shift = below(chance, accounts.len());
    let most = most.min(accounts.len());
    (0..targets.div_ceil(most))
        .map(|n| {
            let here = (0..most.min(targets - n * most)).map(|one| n * most + one + shift);
            let connections = here.map(|one| accounts[one % accounts.len()].connection.clone());
            Planned {
                words: format!("Loaf {n} of {name}"),
                connections: connections.collect(),
                pictures: 1,
                after: Some(TimeDelta::zero()),
                holds: false,
            }
        })
        .collect()
}

/// Writes posts through the API, several at a time.
pub async fn write(
    client: &Client,
    planned: &[Planned],
    pictures: &[String],
    start: DateTime<Utc>,
    at_once: usize,
) -> anyhow::Result<()> {
    stream::iter(planned.to_vec())
        .map(|post| async move { one(client, &post, pictures, start).await })
        .buffer_unordered(at_once)
        .try_collect::<Vec<()>>()
        .await
        .map(drop)
}

const CREATE: &str = "mutation($input: PostCreateInput!) {
    postCreate(input: $input) { post { id } errors { code message path retryable } }
}";

async fn one(
    client: &Client,
    post: &Planned,
    pictures: &[String],
    start: DateTime<Utc>,
) -> anyhow::Result<()> {
    let if_absent = if post.holds { "HOLD" } else { "RESEND" };
    let targets: Vec<_> = post
        .connections
        .iter()
        .map(|id| json!({ "connectionId": id, "ifAbsent": if_absent }))
        .collect();
    let media: Vec<_> = pictures
        .iter()
        .take(post.pictures)
        .map(|id| json!({ "id": id }))
        .collect();
    let schedule = match post.after {
        Some(after) => json!({ "at": (start + after).to_rfc3339() }),
        None => json!({ "now": true }),
    };
    let input = json!({
        "text": post.words, "media": media, "targets": targets,
        "schedule": schedule,
    });
    let once = post.words.replace(' ', "-");
    client.mutate(CREATE, input, Some(&once)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use posthaste_core::Network;

    use super::*;

    #[test]
    fn the_seed_decides_everything() {
        let accounts: Vec<_> = Network::ALL
            .into_iter()
            .map(|network| Connected {
                connection: format!("c-{}", network.as_str()),
                network,
                remote_id: "1".into(),
            })
            .collect();
        let planned = |seed| {
            let posts = plan("r", &Load::default(), &accounts, &SeededRandom::new(seed));
            format!("{posts:?}")
        };
        assert_eq!(planned(1), planned(1));
        assert_ne!(planned(1), planned(2));
        assert!(planned(1).contains("c-INSTAGRAM"));
    }
}
