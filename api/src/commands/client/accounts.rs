//! Accounts as people name them.

use std::collections::BTreeSet;

use posthaste_sdk::{
    Client, TryStreamExt,
    types::{Connection, ConnectionListOptions, Network, PostTargetInput, TargetConnection},
};

use super::outcome::{Failure, Outcome};

/// Most accounts that are named in a sentence.
const MOST: usize = 12;

/// Where posts go, as people name it: a network, an account on it or an id.
pub async fn targets(client: &Client, to: &[String]) -> Outcome<Vec<PostTargetInput>> {
    if to.is_empty() {
        return Ok(Vec::new());
    }
    let all = client
        .connections()
        .list_all(ConnectionListOptions::new().first(100));
    let all: Vec<Connection> = all.try_collect().await?;
    to.iter()
        .map(|wanted| Ok(PostTargetInput::new(&find(&all, wanted)?.id)))
        .collect()
}

/// The one connection that is meant.
fn find<'a>(all: &'a [Connection], wanted: &str) -> Outcome<&'a Connection> {
    if wanted.starts_with("conn_") {
        let found = all.iter().find(|connection| connection.id == wanted);
        return found.ok_or_else(|| Failure::usage(format!("there is no connection {wanted}")));
    }
    let (network, account) = match wanted.split_once(':') {
        Some((network, account)) => (network, Some(account)),
        None => (wanted, None),
    };
    let matches = |connection: &&Connection| {
        connection.network.as_str().eq_ignore_ascii_case(network)
            && account.is_none_or(|account| {
                let handle = connection.username.as_deref().unwrap_or_default();
                handle.eq_ignore_ascii_case(account.trim_start_matches('@'))
                    || connection.name == account
            })
    };
    let found: Vec<&Connection> = all.iter().filter(matches).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let message = format!("no account is connected that is '{wanted}'");
            Err(Failure::Usage(message + &others(all, network)))
        }
        many => {
            let names: Vec<String> = many.iter().map(|connection| name(connection)).collect();
            Err(Failure::usage(format!(
                "'{wanted}' may be {}: say which",
                names.join(" or ")
            )))
        }
    }
}

/// What could have been meant.
fn others(all: &[Connection], network: &str) -> String {
    let here = |connection: &&Connection| connection.network.as_str().eq_ignore_ascii_case(network);
    let mut known: BTreeSet<String> = all.iter().filter(here).map(name).collect();
    if known.is_empty() {
        let networks = all.iter().map(|one| one.network.as_str().to_lowercase());
        known = networks.collect();
    }
    let shown: Vec<String> = known.into_iter().take(MOST).collect();
    match shown.as_slice() {
        [] => String::new(),
        [one] => format!("; there is {one}"),
        many => format!("; there are {}", many.join(", ")),
    }
}

fn name(connection: &Connection) -> String {
    typed(
        &connection.network,
        connection.username.as_ref(),
        &connection.name,
    )
}

/// As `--to` takes it.
pub fn handle(network: &Network, connection: &TargetConnection) -> String {
    typed(network, connection.username.as_ref(), &connection.name)
}

fn typed(network: &Network, username: Option<&String>, name: &str) -> String {
    let account = username.map_or(name, String::as_str);
    format!("{}:{account}", network.as_str().to_lowercase())
}
