use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Provenance, Result,
    access::{Permission, PermissionSet, Reach, Rights, Role},
    ids::{ConnectionId, SessionId, UserId, WorkspaceId},
};
use posthaste_store::{Scope, standing::Standing};

/// How old a proof of who somebody is may be for what could lock others, or themselves, out.
const FRESH: TimeDelta = TimeDelta::minutes(10);

/// The session that a person asks with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Its id.
    pub session: SessionId,
    /// When the person last showed who they are.
    pub authenticated_at: DateTime<Utc>,
    /// Whether the workspace asks for a second factor that the session has not.
    pub is_short: bool,
    /// Whether a browser asks, with its cookie.
    pub is_browser: bool,
}

/// Who asks: a person or key in one workspace, with what they may do there now.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The workspace everything is read from and written to.
    pub workspace: WorkspaceId,
    /// The name of what the actor may do.
    pub role: Role,
    /// What the actor may do.
    pub rights: Rights,
    /// With which connections the actor deals at the moment: those that it may read, until it is
    /// [`using`](Self::using) another permission.
    pub reach: Reach,
    /// Who it is, for the event log.
    pub provenance: Provenance,
    /// The session of a person who asks; none where something is done in a person's name.
    pub session: Option<SignedIn>,
}

impl Actor {
    /// Somebody with a built-in role.
    pub fn new(workspace: WorkspaceId, role: Role, provenance: Provenance) -> Self {
        Self::standing(workspace, role.into(), provenance)
    }

    /// Somebody as they stand now.
    pub(crate) fn standing(
        workspace: WorkspaceId,
        standing: Standing,
        provenance: Provenance,
    ) -> Self {
        Self {
            workspace,
            role: standing.role,
            reach: standing.rights.reach(Permission::Read),
            rights: standing.rights,
            provenance,
            session: None,
        }
    }

    /// The same with what they may do now.
    pub(crate) fn with(&self, standing: Standing) -> Self {
        Self {
            role: standing.role,
            reach: standing.rights.reach(Permission::Read),
            rights: standing.rights,
            ..self.clone()
        }
    }

    /// Posthaste itself (publisher, refresh, seeds), which may do everything in the workspace.
    pub fn system(workspace: WorkspaceId) -> Self {
        Self::new(workspace, Role::Owner, Provenance::System)
    }

    /// Whether the actor has the permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.rights.permissions().contains(permission)
    }

    /// Whether the actor has the permission for all connections.
    pub fn may_everywhere(&self, permission: Permission) -> bool {
        self.rights.everywhere().contains(permission)
    }

    /// Whether the actor has the permission for all of these connections.
    pub fn may_with(
        &self,
        permission: Permission,
        connections: impl IntoIterator<Item = ConnectionId>,
    ) -> bool {
        let mut connections = connections.into_iter();
        self.may(permission) && connections.all(|id| self.rights.allow(permission, id))
    }

    /// Refuses with `FORBIDDEN` unless the actor has the permission.
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.may(permission) {
            return Ok(());
        }
        if self.session.is_some_and(|session| session.is_short) {
            let message = "This workspace is opened with a second factor only.";
            return Err(Error::new(ErrorCode::SecondFactorRequired, message));
        }
        Err(permission.refusal())
    }

    /// The actor with the connections that the permission is for; `FORBIDDEN` without it.
    pub fn using(&self, permission: Permission) -> Result<Self> {
        self.require(permission)?;
        Ok(Self {
            reach: self.reach.both(&self.rights.reach(permission)),
            ..self.clone()
        })
    }

    /// The person who asks, and with which session; `INVALID_STATE` for a key.
    pub fn signed_in(&self) -> Result<(UserId, SignedIn)> {
        match (&self.provenance, self.session) {
            (Provenance::Person { user }, Some(session)) => Ok((*user, session)),
            _ => Err(Error::new(
                ErrorCode::InvalidState,
                "Only a signed-in person can do this; the request carries an API key or an app's token.",
            )),
        }
    }

    /// Refuses a person with `REAUTHENTICATION_REQUIRED` who has not shown within ten minutes who they are, and an app
    /// always: it shows nothing. Keys are not asked: nobody sits at them.
    pub fn require_fresh(&self, now: DateTime<Utc>) -> Result<()> {
        match self.provenance {
            Provenance::Person { .. } => {}
            Provenance::Key { .. } | Provenance::System => return Ok(()),
            Provenance::App { .. } => {
                let message = "No app can do this in your name; sign in and do it yourself.";
                return Err(Error::new(ErrorCode::Forbidden, message));
            }
        }
        let is_fresh = |session: SignedIn| now - session.authenticated_at <= FRESH;
        if self.session.is_some_and(is_fresh) {
            return Ok(());
        }
        let code = ErrorCode::ReauthenticationRequired;
        Err(Error::new(code, code.title()))
    }

    /// Refuses with `FORBIDDEN` whoever is limited to some connections, for what concerns all of them.
    pub fn require_whole(&self) -> Result<()> {
        if self.reach.is_whole() {
            return Ok(());
        }
        let message = "You are limited to some connections; this concerns all of the workspace's.";
        Err(Error::new(ErrorCode::Forbidden, message))
    }

    /// Refuses with `FORBIDDEN` unless the actor has all of these: nobody gives more than they have.
    pub fn require_all(&self, given: PermissionSet) -> Result<()> {
        let above = given.without(self.rights.everywhere());
        if above == PermissionSet::EMPTY {
            return Ok(());
        }
        let message = format!(
            "This is more than you may do yourself: {}.",
            above.names().join(", ")
        );
        Err(Error::new(ErrorCode::Forbidden, message))
    }
}

/// What an actor may read and write.
impl From<&Actor> for Scope {
    fn from(actor: &Actor) -> Self {
        Self {
            workspace: actor.workspace,
            reach: actor.reach.clone(),
        }
    }
}
