//! Members of a workspace. Who changes them holds the workspace's row ([`workspace::hold`]), so that
//! no two decide at the same time who the last owner is.
//!
//! [`workspace::hold`]: crate::workspace::hold

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Result,
    access::{PermissionSet, Reach, Role},
    ids::{RoleId, UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, Page, PageRequest, Slice, StoreExt,
    schema::{members, roles, users},
    standing::Standing,
    team_role::{TeamRoles, team_roles},
};

/// A member: a person in a workspace.
#[derive(Clone, Debug, Queryable)]
pub struct Member {
    /// The person.
    #[diesel(deserialize_as = Uuid)]
    pub user_id: UserId,
    /// The person's name.
    pub name: String,
    /// The person's e-mail.
    pub email: String,
    /// The role.
    #[diesel(deserialize_as = String)]
    pub role: Role,
    /// The role of the workspace's own that it is.
    pub role_id: Option<Uuid>,
    /// What that one carries.
    pub own: Option<Vec<String>>,
    /// The connections that the member is limited to.
    pub connection_ids: Option<Vec<Uuid>>,
    /// What the teams give.
    teams: TeamRoles,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl Member {
    /// What the role carries, whatever the limit leaves of it, and what the teams give.
    pub fn holds(&self) -> PermissionSet {
        let own = PermissionSet::held(self.role, self.own.as_deref());
        own.either(self.standing().rights.permissions())
    }

    /// The connections that the role is limited to.
    pub fn reach(&self) -> Reach {
        Reach::from(self.connection_ids.clone())
    }

    /// What the member may do, teams included.
    pub fn standing(&self) -> Standing {
        let limit = self.connection_ids.clone();
        Standing::new(self.role, self.own.as_deref(), limit, self.teams.clone())
    }
}

/// The position of a member in the list: since when, and the person's id.
pub type Key = (DateTime<Utc>, Uuid);

macro_rules! all {
    ($workspace:expr) => {
        members::table
            .inner_join(users::table)
            .left_join(roles::table.on(members::role_id.eq(roles::id.nullable())))
            .filter(members::workspace_id.eq($workspace.uuid()))
            .select((
                members::user_id,
                users::name,
                users::email,
                members::role,
                members::role_id,
                roles::permissions.nullable(),
                members::connection_ids,
                team_roles(
                    members::workspace_id.nullable(),
                    members::user_id.nullable(),
                ),
                members::created_at,
            ))
    };
}

/// The member with a person's id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, user: UserId) -> Result<Member> {
    by_ids(conn, workspace, &[user])
        .await?
        .pop()
        .ok_or_else(|| Error::not_found("member"))
}

/// The members with these persons' ids, in no order; others are left out.
pub async fn by_ids(
    conn: &mut Conn,
    workspace: WorkspaceId,
    users: &[UserId],
) -> Result<Vec<Member>> {
    let ids: Vec<Uuid> = users.iter().map(|user| user.uuid()).collect();
    let query = all!(workspace).filter(members::user_id.eq_any(ids));
    query.load(conn).await.stored()
}

/// The member with an e-mail (in lower case), if there is one.
pub async fn by_email(
    conn: &mut Conn,
    workspace: WorkspaceId,
    email: &str,
) -> Result<Option<Member>> {
    let query = all!(workspace).filter(users::email.eq(email));
    query.first(conn).await.optional().stored()
}

/// A page of members, who came first first.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    page: &PageRequest<Key>,
) -> Result<Page<Member>> {
    let mut query = all!(workspace).into_boxed();
    if let Some((at, user)) = page.after {
        query = query.filter(
            members::created_at
                .gt(at)
                .or(members::created_at.eq(at).and(members::user_id.gt(user))),
        );
    }
    if let Some((at, user)) = page.before {
        query = query.filter(
            members::created_at
                .lt(at)
                .or(members::created_at.eq(at).and(members::user_id.lt(user))),
        );
    }
    query = if page.from_end {
        query.order((members::created_at.desc(), members::user_id.desc()))
    } else {
        query.order((members::created_at.asc(), members::user_id.asc()))
    };
    let rows = query.limit(page.limit + 1).load(conn).await.stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many members there are.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64> {
    members::table
        .filter(members::workspace_id.eq(workspace.uuid()))
        .count()
        .get_result(conn)
        .await
        .stored()
}

/// How many owners there are.
pub async fn owners(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64> {
    members::table
        .filter(
            members::workspace_id
                .eq(workspace.uuid())
                .and(members::role.eq(Role::Owner.as_str())),
        )
        .count()
        .get_result(conn)
        .await
        .stored()
}

/// Makes a person a member; `ALREADY_EXISTS` when already one.
pub async fn insert(
    conn: &mut Conn,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
    role_id: Option<RoleId>,
    reach: &Reach,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(members::table)
        .values((
            members::workspace_id.eq(workspace.uuid()),
            members::user_id.eq(user.uuid()),
            members::role.eq(role.as_str()),
            members::role_id.eq(role_id.map(RoleId::uuid)),
            members::connection_ids.eq(reach.ids()),
            members::created_at.eq(at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("This person is a member already.")?;
    Ok(())
}

/// Gives a member another role, and a limit or none.
pub async fn set_role(
    conn: &mut Conn,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
    role_id: Option<RoleId>,
    reach: &Reach,
) -> Result<()> {
    diesel::update(members::table.find((workspace.uuid(), user.uuid())))
        .set((
            members::role.eq(role.as_str()),
            members::role_id.eq(role_id.map(RoleId::uuid)),
            members::connection_ids.eq(reach.ids()),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Ends a membership, and with it the person's sessions in the workspace.
pub async fn delete(conn: &mut Conn, workspace: WorkspaceId, user: UserId) -> Result<()> {
    diesel::delete(members::table.find((workspace.uuid(), user.uuid())))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
