//! What somebody may do in a workspace at this moment.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Provenance, Result,
    access::{Grant, PermissionSet, Reach, Rights, Role},
    ids::{UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, StoreExt, key, oauth,
    schema::{members, roles, users, workspaces},
    team_role::{TeamRole, TeamRoles, team_roles},
};

/// What somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The name of it.
    pub role: Role,
    /// What it comes to, teams included.
    pub rights: Rights,
}

impl From<Role> for Standing {
    /// A built-in role without a limit.
    fn from(role: Role) -> Self {
        Self::new(role, None, None, None)
    }
}

impl Standing {
    /// What a row gives: a role, the permissions kept for it, the connections it is limited to, and teams.
    pub(crate) fn new(
        role: Role,
        own: Option<&[String]>,
        connections: Option<Vec<Uuid>>,
        teams: TeamRoles,
    ) -> Self {
        let held = PermissionSet::held(role, own);
        let first = Grant::new(held, Reach::from(connections));
        let teams = teams.iter().flat_map(|teams| teams.iter());
        let rights = std::iter::once(first).chain(teams.map(TeamRole::grant));
        Self {
            role,
            rights: rights.collect(),
        }
    }

    /// As far as another may do it, too.
    pub(crate) fn within(self, other: &Self) -> Self {
        Self {
            rights: self.rights.within(&other.rights),
            ..self
        }
    }

    /// Nothing of it: a second factor is missing.
    pub(crate) fn shut(self) -> Self {
        Self {
            rights: self.rights.only(PermissionSet::EMPTY),
            ..self
        }
    }

    /// What is left of it in a workspace that is to be erased.
    pub(crate) fn in_grace(self, is_in_grace: bool) -> Self {
        if !is_in_grace {
            return self;
        }
        Self {
            rights: self.rights.only(PermissionSet::IN_GRACE),
            ..self
        }
    }
}

/// What the author of a change may do now; none when the key or grant was revoked or has ended, or the person
/// is no longer a member or is shut out.
pub async fn of(
    conn: &mut Conn,
    workspace: WorkspaceId,
    who: &Provenance,
    now: DateTime<Utc>,
) -> Result<Option<Standing>> {
    match *who {
        Provenance::System => Ok(Some(Role::Owner.into())),
        Provenance::Person { user } => of_member(conn, workspace, user).await,
        Provenance::Key { key: id } => {
            let found = key::present(conn, workspace, id, now).await?;
            Ok(found.map(|(_, standing)| standing))
        }
        Provenance::App { grant, .. } => oauth::may_now(conn, workspace, grant, now).await,
    }
}

type Facts = (
    String,
    Option<Vec<String>>,
    Option<Vec<Uuid>>,
    TeamRoles,
    bool,
);

async fn of_member(
    conn: &mut Conn,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<Standing>> {
    let row: Option<Facts> = members::table
        .inner_join(workspaces::table)
        .inner_join(users::table)
        .left_join(roles::table.on(members::role_id.eq(roles::id.nullable())))
        .filter(users::disabled_at.is_null())
        .filter(
            members::workspace_id
                .eq(workspace.uuid())
                .and(members::user_id.eq(user.uuid())),
        )
        .select((
            members::role,
            roles::permissions.nullable(),
            members::connection_ids,
            team_roles(
                members::workspace_id.nullable(),
                members::user_id.nullable(),
            ),
            workspaces::deleted_at.is_not_null(),
        ))
        .first(conn)
        .await
        .optional()
        .stored()?;
    row.map(|(role, own, connections, teams, is_in_grace)| {
        let standing = Standing::new(role.parse()?, own.as_deref(), connections, teams);
        Ok(standing.in_grace(is_in_grace))
    })
    .transpose()
}

#[cfg(test)]
mod tests {
    use posthaste_core::access::Permission;

    use super::*;
    use crate::Json;

    fn limit(ids: &[u128]) -> Vec<Uuid> {
        ids.iter().map(|id| Uuid::from_u128(*id)).collect()
    }

    #[test]
    fn what_the_database_says_of_teams_is_read() {
        let teams = r#"[{"role": "CUSTOM", "own": ["READ", "PUBLISH"], "connections": ["00000000-0000-0000-0000-000000000002"]},
            {"role": "ANALYST", "own": null, "connections": null}]"#;
        let teams = serde_json::from_str(teams).unwrap();
        let standing = Standing::new(Role::Editor, None, Some(limit(&[1])), Some(Json(teams)));
        let reach = |permission| standing.rights.reach(permission);
        assert_eq!(reach(Permission::Read), Reach::All);
        assert_eq!(reach(Permission::Write), Reach::from(Some(limit(&[1]))));
        assert_eq!(
            reach(Permission::Publish),
            Reach::from(Some(limit(&[1, 2])))
        );
        assert_eq!(reach(Permission::ReadUsage), Reach::All);
    }

    #[test]
    fn in_the_grace_of_a_deletion_one_looks_and_the_owner_takes_it_back() {
        let left = |role: Role| {
            let standing = Standing::from(role).in_grace(true);
            standing.rights.permissions().names()
        };
        assert_eq!(left(Role::Owner), ["READ", "OWN_WORKSPACE"]);
        assert_eq!(left(Role::Admin), ["READ"]);
    }
}
