//! Roles that a workspace makes.

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Text};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Provenance, Result,
    access::{PermissionSet, Role},
    ids::{RoleId, TeamId, UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, Json, Page, PageRequest, Slice, StoreExt,
    page::TimeOrder,
    schema::{invitations, members, roles, teams},
};

/// A role of a workspace's own.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = roles)]
pub struct CustomRole {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: RoleId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Name.
    pub name: String,
    /// What it carries.
    #[diesel(deserialize_as = Vec<String>)]
    pub permissions: PermissionSet,
    /// Grows with each change.
    pub version: i32,
    /// Who made it.
    pub provenance: Json<Provenance>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// Invitations to a role that can still be accepted, or be sent again.
macro_rules! open {
    ($workspace:expr, $role:expr) => {
        invitations::workspace_id
            .eq($workspace.uuid())
            .and(invitations::role_id.eq($role.uuid()))
            .and(invitations::accepted_at.is_null())
            .and(invitations::revoked_at.is_null())
    };
}

const TAKEN: &str = "There is a role of this name already.";

/// Adds a role; `ALREADY_EXISTS` when its name is taken.
pub async fn insert(conn: &mut Conn, row: &CustomRole) -> Result<()> {
    diesel::insert_into(roles::table)
        .values((
            roles::id.eq(row.id.uuid()),
            roles::workspace_id.eq(row.workspace_id.uuid()),
            roles::name.eq(&row.name),
            roles::permissions.eq(row.permissions.names()),
            roles::version.eq(row.version),
            roles::provenance.eq(&row.provenance),
            roles::created_at.eq(row.created_at),
            roles::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken(TAKEN)?;
    Ok(())
}

/// The roles with these ids, in no order; unknown ones are left out.
pub async fn by_ids(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[RoleId],
) -> Result<Vec<CustomRole>> {
    roles::table
        .filter(roles::workspace_id.eq(workspace.uuid()))
        .filter(roles::id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(CustomRole::as_select())
        .load(conn)
        .await
        .stored()
}

/// The role with an id, which nobody changes or removes until the transaction ends.
pub async fn hold(conn: &mut Conn, workspace: WorkspaceId, id: RoleId) -> Result<CustomRole> {
    let query = roles::table
        .filter(
            roles::workspace_id
                .eq(workspace.uuid())
                .and(roles::id.eq(id.uuid())),
        )
        .select(CustomRole::as_select())
        .for_share();
    let found = query.first(conn).await.optional().stored()?;
    found.ok_or_else(|| Error::not_found("role"))
}

/// The role with an id, locked for a change.
pub async fn lock(conn: &mut Conn, workspace: WorkspaceId, id: RoleId) -> Result<CustomRole> {
    let query = roles::table
        .filter(
            roles::workspace_id
                .eq(workspace.uuid())
                .and(roles::id.eq(id.uuid())),
        )
        .select(CustomRole::as_select())
        .for_update();
    let found = query.first(conn).await.optional().stored()?;
    found.ok_or_else(|| Error::not_found("role"))
}

/// A page of roles in the order in which they were made.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<CustomRole>> {
    let order = TimeOrder {
        table: "roles",
        column: "roles.created_at",
        descending: false,
    };
    let mut query = roles::table
        .filter(roles::workspace_id.eq(workspace.uuid()))
        .select(CustomRole::as_select())
        .into_boxed();
    for condition in order.within(page) {
        query = query.filter(condition);
    }
    let rows = query
        .order(sql::<Text>(&order.terms(page)))
        .limit(page.limit + 1)
        .load(conn)
        .await
        .stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many roles there are.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64> {
    roles::table
        .filter(roles::workspace_id.eq(workspace.uuid()))
        .count()
        .get_result(conn)
        .await
        .stored()
}

/// Writes name and permissions of a role, and its next version; `ALREADY_EXISTS` when its name is taken.
pub async fn update(conn: &mut Conn, row: &CustomRole) -> Result<()> {
    diesel::update(roles::table.find(row.id.uuid()))
        .set((
            roles::name.eq(&row.name),
            roles::permissions.eq(row.permissions.names()),
            roles::version.eq(row.version),
            roles::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken(TAKEN)?;
    Ok(())
}

/// Gives every member and team that holds a role another one, and says which they are. Open invitations follow.
pub async fn hand_on(
    conn: &mut Conn,
    workspace: WorkspaceId,
    from: RoleId,
    role: Role,
    role_id: Option<RoleId>,
    at: DateTime<Utc>,
) -> Result<(Vec<UserId>, Vec<TeamId>)> {
    diesel::update(invitations::table.filter(open!(workspace, from)))
        .set((
            invitations::role.eq(role.as_str()),
            invitations::role_id.eq(role_id.map(RoleId::uuid)),
        ))
        .execute(conn)
        .await
        .stored()?;
    let of_teams = teams::workspace_id
        .eq(workspace.uuid())
        .and(teams::role_id.eq(from.uuid()));
    let given: Vec<Uuid> = diesel::update(teams::table.filter(of_teams))
        .set((
            teams::role.eq(role.as_str()),
            teams::role_id.eq(role_id.map(RoleId::uuid)),
            teams::version.eq(teams::version + 1),
            teams::updated_at.eq(at),
        ))
        .returning(teams::id)
        .get_results(conn)
        .await
        .stored()?;
    let held = members::workspace_id
        .eq(workspace.uuid())
        .and(members::role_id.eq(from.uuid()));
    let users: Vec<Uuid> = diesel::update(members::table.filter(held))
        .set((
            members::role.eq(role.as_str()),
            members::role_id.eq(role_id.map(RoleId::uuid)),
        ))
        .returning(members::user_id)
        .get_results(conn)
        .await
        .stored()?;
    let users = users.into_iter().map(UserId::from).collect();
    Ok((users, given.into_iter().map(TeamId::from).collect()))
}

/// How many members and teams hold a role, and how many are asked to.
pub async fn holders(conn: &mut Conn, workspace: WorkspaceId, id: RoleId) -> Result<i64> {
    let asked: i64 = invitations::table
        .filter(open!(workspace, id))
        .count()
        .get_result(conn)
        .await
        .stored()?;
    let members: i64 = members::table
        .filter(
            members::workspace_id
                .eq(workspace.uuid())
                .and(members::role_id.eq(id.uuid())),
        )
        .count()
        .get_result(conn)
        .await
        .stored()?;
    let of_teams = teams::workspace_id
        .eq(workspace.uuid())
        .and(teams::role_id.eq(id.uuid()));
    let teams: i64 = teams::table
        .filter(of_teams)
        .count()
        .get_result(conn)
        .await
        .stored()?;
    Ok(members + asked + teams)
}

/// Removes a role that nobody holds.
pub async fn delete(conn: &mut Conn, id: RoleId) -> Result<()> {
    diesel::delete(roles::table.find(id.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
