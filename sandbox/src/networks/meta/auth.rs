//! Who calls the Graph, and whether they may.

use super::{
    super::{
        Networks,
        call::Call,
        kinds::Network,
        state::State,
        tokens::{Bearer, Refused},
    },
    error::GraphError,
    params::Params,
};

/// The token of the call, checked.
pub fn bearer(networks: &Networks, call: &Call, params: &Params) -> Result<Bearer, GraphError> {
    let token = params.token(call).ok_or_else(GraphError::no_token)?;
    check(networks, &token)
}

/// A token, checked.
pub fn check(networks: &Networks, token: &str) -> Result<Bearer, GraphError> {
    let now = networks.now();
    networks
        .state()
        .tokens
        .check(token, now)
        .map_err(|refused| match refused {
            Refused::Unknown => GraphError::new(
                190,
                None,
                "Invalid OAuth access token - Cannot parse access token",
            ),
            Refused::Revoked => {
                GraphError::token(Some(458), "The user has not authorized the application.")
            }
            Refused::Expired(end) => GraphError::token(
                Some(463),
                format!(
                    "Session has expired on {}. The current time is {}.",
                    end.format("%A, %d-%b-%y %H:%M:%S PST"),
                    now.format("%A, %d-%b-%y %H:%M:%S PST")
                ),
            ),
        })
}

/// Refuses a token without the scope.
pub fn scope(bearer: &Bearer, scope: &str) -> Result<(), GraphError> {
    if bearer.has(scope) {
        Ok(())
    } else {
        Err(GraphError::permission(scope))
    }
}

/// Refuses anything but the token of this page.
pub fn page_token(bearer: &Bearer, page: &str) -> Result<(), GraphError> {
    match &bearer.account {
        Some(account) if account == page => Ok(()),
        Some(_) => Err(GraphError::not_yours(
            "The token is of another Page; the viewer has no role on this one",
        )),
        None => Err(GraphError::new(
            190,
            Some(2_069_032),
            "A Page access token is required for this call",
        )),
    }
}

/// Refuses a token that does not reach this Instagram account. With Facebook Login a Page token
/// of the linked page and the person's token both do; sources disagree which is right.
pub fn instagram(state: &State, bearer: &Bearer, ig: &str) -> Result<(), GraphError> {
    let page = state
        .accounts
        .get(Network::Instagram, ig)
        .and_then(|a| a.linked.clone());
    let reaches = match &bearer.account {
        Some(account) => account == ig || Some(account) == page.as_ref(),
        None => bearer.covers(ig) || page.is_some_and(|page| bearer.covers(&page)),
    };
    if reaches {
        Ok(())
    } else {
        Err(GraphError::not_yours(
            "The token does not reach this Instagram account",
        ))
    }
}
