//! Teams: named groups of members, each with a role beside the member's own.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{Array, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Provenance, Result,
    access::{Reach, Role},
    ids::{RoleId, TeamId, UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, Json, Page, PageRequest, Slice, StoreExt,
    page::TimeOrder,
    schema::{team_members, teams},
};

/// A team.
#[derive(Clone, Debug, Queryable)]
pub struct Team {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: TeamId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Name.
    pub name: String,
    /// The role that it gives.
    #[diesel(deserialize_as = String)]
    pub role: Role,
    /// The role of the workspace's own that it is.
    pub role_id: Option<Uuid>,
    /// The connections that the role is limited to.
    pub connection_ids: Option<Vec<Uuid>>,
    /// Grows with each change.
    pub version: i32,
    /// Who made it.
    pub provenance: Json<Provenance>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Who belongs to it.
    pub user_ids: Vec<Uuid>,
}

impl Team {
    /// The role of the workspace's own that it is.
    pub fn custom_role(&self) -> Option<RoleId> {
        self.role_id.map(RoleId::from)
    }

    /// The connections that the role is limited to.
    pub fn reach(&self) -> Reach {
        Reach::from(self.connection_ids.clone())
    }

    /// Who belongs to it.
    pub fn users(&self) -> Vec<UserId> {
        self.user_ids.iter().copied().map(UserId::from).collect()
    }
}

const USERS: &str =
    "ARRAY(SELECT user_id FROM team_members WHERE team_id = teams.id ORDER BY user_id)";

const TAKEN: &str = "There is a team of this name already.";

macro_rules! all {
    ($workspace:expr) => {
        teams::table
            .filter(teams::workspace_id.eq($workspace.uuid()))
            .select((
                teams::id,
                teams::workspace_id,
                teams::name,
                teams::role,
                teams::role_id,
                teams::connection_ids,
                teams::version,
                teams::provenance,
                teams::created_at,
                teams::updated_at,
                sql::<Array<SqlUuid>>(USERS),
            ))
    };
}

/// Adds a team with its members; `ALREADY_EXISTS` when its name is taken.
pub async fn insert(conn: &mut Conn, row: &Team) -> Result<()> {
    diesel::insert_into(teams::table)
        .values((
            teams::id.eq(row.id.uuid()),
            teams::workspace_id.eq(row.workspace_id.uuid()),
            teams::name.eq(&row.name),
            teams::role.eq(row.role.as_str()),
            teams::role_id.eq(row.role_id),
            teams::connection_ids.eq(&row.connection_ids),
            teams::version.eq(row.version),
            teams::provenance.eq(&row.provenance),
            teams::created_at.eq(row.created_at),
            teams::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken(TAKEN)?;
    set_users(conn, row).await
}

/// Writes what a person may change of a team, and who belongs to it; `ALREADY_EXISTS` when its name is taken.
pub async fn update(conn: &mut Conn, row: &Team) -> Result<()> {
    diesel::update(teams::table.find(row.id.uuid()))
        .set((
            teams::name.eq(&row.name),
            teams::role.eq(row.role.as_str()),
            teams::role_id.eq(row.role_id),
            teams::connection_ids.eq(&row.connection_ids),
            teams::version.eq(row.version),
            teams::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken(TAKEN)?;
    diesel::delete(team_members::table.filter(team_members::team_id.eq(row.id.uuid())))
        .execute(conn)
        .await
        .stored()?;
    set_users(conn, row).await
}

async fn set_users(conn: &mut Conn, row: &Team) -> Result<()> {
    let rows: Vec<_> = row
        .user_ids
        .iter()
        .map(|user| {
            (
                team_members::workspace_id.eq(row.workspace_id.uuid()),
                team_members::team_id.eq(row.id.uuid()),
                team_members::user_id.eq(*user),
            )
        })
        .collect();
    diesel::insert_into(team_members::table)
        .values(rows)
        .execute(conn)
        .await
        .stored_unless_linked(|| Error::not_found("member").at(["memberIds"]))?;
    Ok(())
}

/// The teams with these ids, in no order; unknown ones are left out.
pub async fn by_ids(conn: &mut Conn, workspace: WorkspaceId, ids: &[TeamId]) -> Result<Vec<Team>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let query = all!(workspace).filter(teams::id.eq_any(ids));
    query.load(conn).await.stored()
}

/// The team with an id, locked for a change.
pub async fn lock(conn: &mut Conn, workspace: WorkspaceId, id: TeamId) -> Result<Team> {
    let query = all!(workspace).filter(teams::id.eq(id.uuid())).for_update();
    let found = query.first(conn).await.optional().stored()?;
    found.ok_or_else(|| Error::not_found("team"))
}

/// A page of teams in the order in which they were made.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Team>> {
    let order = TimeOrder {
        table: "teams",
        column: "teams.created_at",
        descending: false,
    };
    let mut query = all!(workspace).into_boxed();
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

/// How many teams there are.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64> {
    teams::table
        .filter(teams::workspace_id.eq(workspace.uuid()))
        .count()
        .get_result(conn)
        .await
        .stored()
}

/// Takes a person out of all teams, and says which those were.
pub async fn leave_all(
    conn: &mut Conn,
    workspace: WorkspaceId,
    user: UserId,
    at: DateTime<Utc>,
) -> Result<Vec<TeamId>> {
    let own = team_members::workspace_id
        .eq(workspace.uuid())
        .and(team_members::user_id.eq(user.uuid()));
    let left: Vec<Uuid> = diesel::delete(team_members::table.filter(own))
        .returning(team_members::team_id)
        .get_results(conn)
        .await
        .stored()?;
    diesel::update(teams::table.filter(teams::id.eq_any(&left)))
        .set((
            teams::version.eq(teams::version + 1),
            teams::updated_at.eq(at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(left.into_iter().map(TeamId::from).collect())
}

/// Removes a team; its members stay members.
pub async fn delete(conn: &mut Conn, id: TeamId) -> Result<()> {
    diesel::delete(teams::table.find(id.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
