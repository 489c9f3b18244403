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
    let caller = networks.state().caller(Network::X, token, networks.now());
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
            Err(Problem::forbidden("Forbidden"))
        }
    }
}
