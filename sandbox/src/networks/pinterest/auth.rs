//! Who calls, and with which scopes.

use super::super::{Networks, accounts::Account, call::Call, kinds::Network, tokens::Bearer};
use super::problem::Problem;

/// A call by an account.
pub struct At<'a> {
    /// The simulator.
    pub networks: &'a Networks,
    /// The call.
    pub call: &'a Call,
    /// The token and its grant.
    pub bearer: Bearer,
    /// The account the token acts for.
    pub account: Account,
}

/// Checks the token of a call.
pub fn at<'a>(networks: &'a Networks, call: &'a Call) -> Result<At<'a>, Problem> {
    let token = call.bearer().ok_or_else(Problem::unauthorized)?;
    let caller = networks
        .state()
        .caller(Network::Pinterest, token, networks.now());
    let (bearer, account) = caller.ok_or_else(Problem::unauthorized)?;
    Ok(At {
        networks,
        call,
        bearer,
        account,
    })
}

impl At<'_> {
    /// Refuses a token that lacks one of these scopes.
    pub fn needs(&self, scopes: &[&str]) -> Result<(), Problem> {
        if scopes.iter().all(|scope| self.bearer.has(scope)) {
            Ok(())
        } else {
            Err(Problem::forbidden())
        }
    }

    /// Refuses query parameters that are not in `known`.
    pub fn only(&self, known: &[&str]) -> Result<(), Problem> {
        match self
            .call
            .query
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            Some((name, _)) => Err(Problem::invalid(format!(
                "unknown query parameter '{name}'"
            ))),
            None => Ok(()),
        }
    }

    /// Refuses a board that is not the caller's.
    pub fn own_board(&self, id: &str) -> Result<(), Problem> {
        check_id(id)?;
        let state = self.networks.state();
        let has = |account: &Account| account.boards.iter().any(|board| board.id == id);
        if state
            .accounts
            .get(Network::Pinterest, &self.account.id)
            .is_some_and(has)
        {
            return Ok(());
        }
        let others = state.accounts.of(Network::Pinterest).any(has);
        Err(if others {
            Problem::forbidden()
        } else {
            Problem::no_board()
        })
    }
}

/// Refuses what is no id.
pub fn check_id(id: &str) -> Result<(), Problem> {
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Problem::invalid(format!("'{id}' does not match '^\\d+$'")))
}
