use posthaste_core::{Error, ErrorCode, Network, Result};
use posthaste_store::{Conn, connection};

use super::line::Line;
use crate::Actor;

/// An account that a target names by network and username.
#[derive(Debug)]
pub(super) struct Named {
    /// The place among the targets.
    pub target: usize,
    /// The network.
    pub network: Network,
    /// The username in lower case.
    pub username: String,
}

impl Named {
    /// Reads `network:username`; nothing when it is not written so. A network alone is no account.
    pub fn read(target: usize, text: &str) -> Option<Result<Self>> {
        let Some((network, username)) = text.split_once(':') else {
            let name = text.trim();
            name.parse::<Network>().ok()?;
            let message = format!("'{name}' is a network; name an account on it: {name}:username.");
            return Some(Err(Error::new(ErrorCode::InvalidInput, message)));
        };
        let username = username.trim().trim_start_matches('@').to_lowercase();
        Some(network.trim().parse().map(|network| Self {
            target,
            network,
            username,
        }))
    }
}

/// Puts the connections of named accounts into a line's targets; those that the workspace does not
/// have are told.
pub(super) async fn resolve(conn: &mut Conn, actor: &Actor, line: &mut Line) -> Result<()> {
    if line.named.is_empty() {
        return Ok(());
    }
    let networks: Vec<_> = line.named.iter().map(|named| named.network).collect();
    let usernames: Vec<_> = line
        .named
        .iter()
        .map(|named| named.username.clone())
        .collect();
    let rows = connection::by_usernames(conn, actor, &networks, &usernames).await?;
    for named in line.named.drain(..) {
        let is_meant = |row: &&connection::Connection| {
            let username = row.username.as_deref().unwrap_or_default();
            row.network == named.network && username.to_lowercase() == named.username
        };
        let Named {
            network, username, ..
        } = &named;
        let refused = match rows.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
            [row] => {
                line.post.targets[named.target].connection = row.id;
                continue;
            }
            [] => Error::new(
                ErrorCode::NotFound,
                format!("No account '{username}' on {network} is connected to the workspace."),
            ),
            _ => Error::new(
                ErrorCode::InvalidInput,
                format!("Several accounts on {network} are called '{username}'; use their ids."),
            ),
        };
        let path = ["targets", &named.target.to_string(), "connectionId"].map(str::to_owned);
        line.post.unread.push(refused.at(path));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_named_by_network_and_username() {
        let named = Named::read(0, " x : @Harbor ").unwrap().unwrap();
        assert_eq!(
            (named.network, named.username.as_str()),
            (Network::X, "harbor")
        );
        assert!(Named::read(0, "conn_01h455vb4pex5vsknk084sn02q").is_none());
        assert!(Named::read(0, "mastodon:harbor").unwrap().is_err());
        let error = Named::read(0, "facebook").unwrap().unwrap_err();
        assert_eq!(
            error.message,
            "'facebook' is a network; name an account on it: facebook:username."
        );
    }
}
