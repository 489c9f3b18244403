//! What a key may do, for how long, and whose it is.

use chrono::{DateTime, Utc};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Permission, PermissionSet, Role},
    ids::{ApiKeyId, ConnectionId, UserId},
};
use posthaste_store::{
    Conn,
    key::{self, ApiKey},
};

use crate::{Actor, App, post::HORIZON, role};

/// Whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A person's.
    Person,
    /// The workspace's: a service account.
    Workspace,
}

/// The connections that a key was limited to, if it was.
pub fn connections(row: &ApiKey) -> Option<Vec<ConnectionId>> {
    let ids = row.connection_ids.as_ref()?;
    Some(ids.iter().copied().map(ConnectionId::from).collect())
}

/// Whose a key is.
pub fn owner(row: &ApiKey) -> Owner {
    row.user_id.map_or(Owner::Workspace, |_| Owner::Person)
}

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// What a built-in role carries.
    Role(Role),
    /// These permissions and no others.
    Only(PermissionSet),
}

impl Rights {
    pub(super) fn role(self) -> Role {
        match self {
            Self::Role(role) => role,
            Self::Only(_) => Role::Custom,
        }
    }

    /// The permissions of a key without a role.
    pub(super) fn own(self) -> Option<PermissionSet> {
        match self {
            Self::Role(_) => None,
            Self::Only(permissions) => Some(permissions),
        }
    }
}

/// The key that makes or changes keys, if the actor is one.
pub(super) async fn maker(conn: &mut Conn, actor: &Actor) -> Result<Option<ApiKey>> {
    let Some(id) = own(actor) else {
        return Ok(None);
    };
    let row = key::get(conn, actor.workspace, id).await?;
    Ok(Some(row))
}

/// The person behind an actor, if it is one or has a person's key.
fn behind(actor: &Actor, maker: Option<&ApiKey>) -> Option<UserId> {
    match (&actor.provenance, maker) {
        (Provenance::Person { user }, _) => Some(*user),
        (_, Some(key)) => key.user_id.map(UserId::from),
        _ => None,
    }
}

/// Refuses to renew a key that is another person's, and to a person without `MANAGE_MEMBERS` a service account:
/// whoever knows the secret acts as whose the key is, and for as long.
pub(super) fn check_whose(actor: &Actor, maker: Option<&ApiKey>, row: &ApiKey) -> Result<()> {
    match row.user_id.map(UserId::from) {
        whose if whose == behind(actor, maker) => Ok(()),
        None => actor.require(Permission::ManageMembers),
        Some(_) => {
            let message = "This key is another person's; take it back, and they make a new one.";
            Err(Error::new(ErrorCode::Forbidden, message))
        }
    }
}

/// The person whose a new key is to be, or nobody for the workspace's.
pub(super) fn choose_owner(
    actor: &Actor,
    maker: Option<&ApiKey>,
    wanted: Option<Owner>,
) -> Result<Option<UserId>> {
    let user = behind(actor, maker);
    match wanted {
        Some(Owner::Workspace) if user.is_some() => {
            let allowed = actor.require(Permission::ManageMembers);
            allowed.map(|()| None).map_err(|error| error.at(["kind"]))
        }
        Some(Owner::Person) if user.is_none() => {
            let message = "The request carries a key of the workspace; whose should it be?";
            Err(Error::new(ErrorCode::InvalidInput, message).at(["kind"]))
        }
        _ => Ok(user),
    }
}

/// A key that ends makes and renews none that outlives it.
pub(super) fn check_before(maker: Option<&ApiKey>, end: Option<DateTime<Utc>>) -> Result<()> {
    match maker.and_then(|key| key.expires_at) {
        Some(latest) if end.is_none_or(|end| end > latest) => {
            let message = format!(
                "The key of this request ends at {latest}; no key that it makes or renews ends later."
            );
            Err(Error::new(ErrorCode::TimeTooFar, message))
        }
        _ => Ok(()),
    }
}

/// Refuses rights that no role of the workspace's own could have, or more than the actor's.
pub(super) fn check_rights(actor: &Actor, rights: Rights) -> Result<()> {
    let allowed = match rights {
        Rights::Only(permissions) => return role::check(actor, permissions),
        Rights::Role(Role::Custom) => {
            let message = "CUSTOM is no role by itself; name the permissions.";
            Err(Error::new(ErrorCode::InvalidInput, message))
        }
        Rights::Role(role) => actor.require_all(role.permissions()),
    };
    allowed.map_err(|error| error.at(["role"]))
}

/// Refuses an end that has passed or is too far.
pub(super) fn check_end(app: &App, end: Option<DateTime<Utc>>) -> Result<()> {
    let (code, message) = match end {
        Some(end) if end <= app.now() => (ErrorCode::TimeInPast, "This time has passed."),
        Some(end) if end > app.now() + HORIZON => (
            ErrorCode::TimeTooFar,
            "This is more than five years ahead; leave it out for a key without an end.",
        ),
        _ => return Ok(()),
    };
    Err(Error::new(code, message).at(["expiresAt"]))
}

/// The key of an actor, if it is one.
pub(super) fn own(actor: &Actor) -> Option<ApiKeyId> {
    match actor.provenance {
        Provenance::Key { key } => Some(key),
        _ => None,
    }
}
