use chrono::{DateTime, Utc};
use diesel::{
    dsl::{count_star, sql},
    prelude::*,
    sql_types::{Array, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    access::{PermissionSet, Role},
    ids::{OauthAppId, OauthGrantId, UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, Page, PageRequest, Slice, StoreExt,
    page::TimeOrder,
    schema::{members, oauth_apps, oauth_grants as table, roles, users, workspaces},
    standing::Standing,
    team_role::{TeamRoles, team_roles},
};

/// What a person lets an app do in a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct OauthGrant {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: OauthGrantId,
    /// Where it works.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// The app.
    #[diesel(deserialize_as = Uuid)]
    pub app_id: OauthAppId,
    /// The person.
    #[diesel(deserialize_as = Uuid)]
    pub user_id: UserId,
    /// What it was given; what it may do now, [`may_now`] says.
    #[diesel(deserialize_as = Vec<String>)]
    pub permissions: PermissionSet,
    /// The connections that it is limited to.
    pub connection_ids: Option<Vec<Uuid>>,
    /// When the person agreed.
    pub created_at: DateTime<Utc>,
    /// When it ends unless it is refreshed before.
    pub expires_at: DateTime<Utc>,
    /// What its tokens are made of, beside the server's secret.
    pub salt: Vec<u8>,
    /// The number of its tokens, from 1; each refresh makes the next.
    pub generation: i32,
    /// When the tokens of this number were made.
    pub refreshed_at: DateTime<Utc>,
    /// When those of the number before were made.
    pub before_at: Option<DateTime<Utc>>,
    /// When it was used last, as far as the request log was written.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Whose a grant is, by name.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Holder {
    /// The app's name.
    pub app: String,
    /// The person's name.
    pub person: String,
}

/// Adds a grant.
pub async fn insert_grant(conn: &mut Conn, row: &OauthGrant) -> Result<()> {
    diesel::insert_into(table::table)
        .values((
            table::id.eq(row.id.uuid()),
            table::workspace_id.eq(row.workspace_id.uuid()),
            table::app_id.eq(row.app_id.uuid()),
            table::user_id.eq(row.user_id.uuid()),
            table::permissions.eq(row.permissions.names()),
            table::connection_ids.eq(&row.connection_ids),
            table::created_at.eq(row.created_at),
            table::expires_at.eq(row.expires_at),
            table::salt.eq(&row.salt),
            table::generation.eq(row.generation),
            table::refreshed_at.eq(row.refreshed_at),
            table::before_at.eq(row.before_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// What bounds a grant: the person's role, its permissions, limit and teams, and whether the workspace is to be erased.
type Bounds = (
    String,
    Option<Vec<String>>,
    Option<Vec<Uuid>>,
    TeamRoles,
    bool,
);

/// What a grant was given. Of its tokens nothing is read: a request need not know.
type Given = (Vec<String>, Option<Vec<Uuid>>);

/// What a grant allows at an instant: what it was given, as far as the person may do it now. None when it has ended, and
/// none of a person who is shut out.
pub async fn may_now(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: OauthGrantId,
    now: DateTime<Utc>,
) -> Result<Option<Standing>> {
    let found: Option<(Given, Bounds)> = table::table
        .inner_join(
            members::table.on(members::workspace_id
                .eq(table::workspace_id)
                .and(members::user_id.eq(table::user_id))),
        )
        .inner_join(users::table.on(users::id.eq(table::user_id)))
        .inner_join(workspaces::table.on(workspaces::id.eq(table::workspace_id)))
        .left_join(roles::table.on(members::role_id.eq(roles::id.nullable())))
        .filter(table::id.eq(id.uuid()))
        .filter(table::workspace_id.eq(workspace.uuid()))
        .filter(table::expires_at.gt(now))
        .filter(users::disabled_at.is_null())
        .select((
            (table::permissions, table::connection_ids),
            (
                members::role,
                roles::permissions.nullable(),
                members::connection_ids,
                team_roles(
                    members::workspace_id.nullable(),
                    members::user_id.nullable(),
                ),
                workspaces::deleted_at.is_not_null(),
            ),
        ))
        .first(conn)
        .await
        .optional()
        .stored()?;
    found.map(stands).transpose()
}

fn stands(((given, limit), bounds): (Given, Bounds)) -> Result<Standing> {
    let (role, own, connections, teams, is_in_grace) = bounds;
    let given = Standing::new(Role::Custom, Some(&given), limit, None);
    let person = Standing::new(role.parse()?, own.as_deref(), connections, teams);
    Ok(given.within(&person).in_grace(is_in_grace))
}

/// The grant with an id.
pub async fn grant_by_id(conn: &mut Conn, id: OauthGrantId) -> Result<Option<OauthGrant>> {
    let found = table::table.find(id.uuid()).select(OauthGrant::as_select());
    found.first(conn).await.optional().stored()
}

/// As [`grant_by_id`], locked for a change.
pub async fn lock_grant(conn: &mut Conn, id: OauthGrantId) -> Result<Option<OauthGrant>> {
    let found = table::table
        .find(id.uuid())
        .select(OauthGrant::as_select())
        .for_update();
    found.first(conn).await.optional().stored()
}

/// All grants of an app, in the order of their workspaces, locked for a change.
pub async fn lock_grants_of(conn: &mut Conn, app: OauthAppId) -> Result<Vec<OauthGrant>> {
    table::table
        .filter(table::app_id.eq(app.uuid()))
        .order((table::workspace_id, table::id))
        .select(OauthGrant::as_select())
        .for_update()
        .load(conn)
        .await
        .stored()
}

/// Gives a grant its next tokens, unless it got others than `known` meanwhile; whether it did.
pub async fn rotate_grant(conn: &mut Conn, known: &OauthGrant, next: &OauthGrant) -> Result<bool> {
    let unchanged = table::table
        .find(known.id.uuid())
        .filter(table::generation.eq(known.generation));
    let rotated = diesel::update(unchanged)
        .set((
            table::expires_at.eq(next.expires_at),
            table::generation.eq(next.generation),
            table::refreshed_at.eq(next.refreshed_at),
            table::before_at.eq(next.before_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(rotated > 0)
}

/// Ends a grant; whether there was one.
pub async fn revoke_grant(conn: &mut Conn, id: OauthGrantId) -> Result<bool> {
    let gone = diesel::delete(table::table.find(id.uuid()));
    Ok(gone.execute(conn).await.stored()? > 0)
}

/// Whose grants are listed.
#[derive(Clone, Copy, Debug)]
pub enum Filter {
    /// A person's, in all workspaces.
    Person(UserId),
    /// Everybody's in a workspace.
    Workspace(WorkspaceId),
}

macro_rules! listed {
    ($columns:expr, $filter:expr, $now:expr) => {{
        let open = table::table
            .inner_join(oauth_apps::table.on(oauth_apps::id.eq(table::app_id)))
            .inner_join(users::table.on(users::id.eq(table::user_id)))
            .filter(table::expires_at.gt($now))
            .select($columns)
            .into_boxed();
        match $filter {
            Filter::Person(user) => open.filter(table::user_id.eq(user.uuid())),
            Filter::Workspace(workspace) => open.filter(table::workspace_id.eq(workspace.uuid())),
        }
    }};
}

/// A page of grants, the newest first, each with names.
pub async fn list_grants(
    conn: &mut Conn,
    filter: Filter,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
    now: DateTime<Utc>,
) -> Result<Page<(OauthGrant, Holder)>> {
    let order = TimeOrder {
        table: "oauth_grants",
        column: "oauth_grants.created_at",
        descending: true,
    };
    let names = (oauth_apps::name, users::name);
    let mut query = listed!((OauthGrant::as_select(), names), filter, now);
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

/// How many grants the list has.
pub async fn count_grants(conn: &mut Conn, filter: Filter, now: DateTime<Utc>) -> Result<i64> {
    listed!(count_star(), filter, now)
        .get_result(conn)
        .await
        .stored()
}

/// How many people let these apps work for them, wherever; apps of nobody are left out.
pub async fn count_of_apps(
    conn: &mut Conn,
    apps: &[OauthAppId],
    now: DateTime<Utc>,
) -> Result<Vec<(OauthAppId, i64)>> {
    let ids: Vec<Uuid> = apps.iter().map(|id| id.uuid()).collect();
    let rows: Vec<(Uuid, i64)> = table::table
        .filter(table::app_id.eq_any(ids))
        .filter(table::expires_at.gt(now))
        .group_by(table::app_id)
        .select((table::app_id, count_star()))
        .load(conn)
        .await
        .stored()?;
    Ok(rows.into_iter().map(|(id, n)| (id.into(), n)).collect())
}

/// Remembers when grants were used last; an earlier time changes nothing, and one that is being changed is passed over.
pub async fn touch(conn: &mut Conn, used: &[(OauthGrantId, DateTime<Utc>)]) -> Result<()> {
    let (ids, times): (Vec<Uuid>, Vec<DateTime<Utc>>) =
        used.iter().map(|(id, at)| (id.uuid(), *at)).unzip();
    diesel::sql_query(
        "UPDATE oauth_grants SET last_used_at = used.at FROM unnest($1, $2) AS used (id, at)
         WHERE oauth_grants.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)
           AND oauth_grants.id = ANY (ARRAY(SELECT id FROM oauth_grants WHERE id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED))",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Timestamptz>, _>(times)
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// Forgets grants that ended before an instant.
pub async fn sweep_grants(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    diesel::delete(table::table.filter(table::expires_at.lt(before)))
        .execute(conn)
        .await
        .stored()
}
