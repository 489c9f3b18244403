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
    let state = networks.state();
    let bearer = state.tokens.check(token, networks.now());
    let bearer = bearer.map_err(|_| Problem::unauthorized())?;
    let account = bearer
        .account
        .as_deref()
        .filter(|_| bearer.grant.network == Network::X)
        .and_then(|id| state.accounts.get(Network::X, id))
        .cloned()
        .ok_or_else(Problem::unauthorized)?;
    drop(state);
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
            Err(Problem::forbidden("Forbidden"))
        }
    }
}
