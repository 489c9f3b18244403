//! People, memberships and sessions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    access::Role,
    ids::{SessionId, UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    schema::{members, roles, sessions, users, workspaces},
    standing::Standing,
    team_role::{TeamRoles, team_roles},
};

/// A person.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: UserId,
    /// E-mail, in lower case.
    pub email: String,
    /// Name.
    pub name: String,
    /// argon2id, in PHC format.
    pub password_hash: String,
    /// When the person was added.
    pub created_at: DateTime<Utc>,
}

/// A signed-in session with the member's present role.
#[derive(Clone, Debug, Queryable)]
pub struct Session {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: SessionId,
    /// The person.
    #[diesel(deserialize_as = Uuid)]
    pub user_id: UserId,
    /// The workspace chosen at sign-in.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// The member's role now, not at sign-in.
    #[diesel(deserialize_as = String)]
    pub role: Role,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Adds a person.
pub async fn insert_user(conn: &mut Conn, user: &User) -> Result<()> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(user.id.uuid()),
            users::email.eq(&user.email),
            users::name.eq(&user.name),
            users::password_hash.eq(&user.password_hash),
            users::created_at.eq(user.created_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("Somebody with this e-mail exists already.")?;
    Ok(())
}

/// The person with an e-mail (in lower case).
pub async fn user_by_email(conn: &mut Conn, email: &str) -> Result<Option<User>> {
    users::table
        .filter(users::email.eq(email))
        .select(User::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// The person with an id, if a member of the workspace.
pub async fn user(conn: &mut Conn, workspace: WorkspaceId, id: UserId) -> Result<Option<User>> {
    users::table
        .inner_join(members::table)
        .filter(
            members::workspace_id
                .eq(workspace.uuid())
                .and(users::id.eq(id.uuid())),
        )
        .select(User::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// The workspaces a person belongs to, oldest membership first; those that are to be erased come last.
pub async fn memberships(conn: &mut Conn, user: UserId) -> Result<Vec<(WorkspaceId, Role)>> {
    let rows: Vec<(Uuid, String)> = members::table
        .inner_join(workspaces::table)
        .filter(members::user_id.eq(user.uuid()))
        .order((
            workspaces::deleted_at.is_not_null(),
            members::created_at,
            members::workspace_id,
        ))
        .select((members::workspace_id, members::role))
        .load(conn)
        .await
        .stored()?;
    rows.into_iter()
        .map(|(id, role)| Ok((id.into(), role.parse()?)))
        .collect()
}

/// Opens a session.
pub async fn insert_session(
    conn: &mut Conn,
    session: &Session,
    hash: &[u8],
    created_at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id.uuid()),
            sessions::user_id.eq(session.user_id.uuid()),
            sessions::workspace_id.eq(session.workspace_id.uuid()),
            sessions::hash.eq(hash),
            sessions::created_at.eq(created_at),
            sessions::expires_at.eq(session.expires_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

type Found = (
    Session,
    Option<Vec<String>>,
    Option<Vec<Uuid>>,
    TeamRoles,
    bool,
);

/// The session behind a hash and what its member may do now, unless revoked or expired.
pub async fn session_by_hash(
    conn: &mut Conn,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<(Session, Standing)>> {
    let found: Option<Found> = sessions::table
        .inner_join(
            members::table.on(members::workspace_id
                .eq(sessions::workspace_id)
                .and(members::user_id.eq(sessions::user_id))),
        )
        .inner_join(workspaces::table.on(workspaces::id.eq(sessions::workspace_id)))
        .left_join(roles::table.on(members::role_id.eq(roles::id.nullable())))
        .filter(
            sessions::hash
                .eq(hash)
                .and(sessions::revoked_at.is_null())
                .and(sessions::expires_at.gt(now)),
        )
        .select((
            (
                sessions::id,
                sessions::user_id,
                sessions::workspace_id,
                members::role,
                sessions::expires_at,
            ),
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
    Ok(
        found.map(|(session, own, connections, teams, is_in_grace)| {
            let standing = Standing::new(session.role, own.as_deref(), connections, teams);
            (session, standing.in_grace(is_in_grace))
        }),
    )
}

/// Ends a session.
pub async fn revoke_session(conn: &mut Conn, id: SessionId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(
        sessions::table.filter(
            sessions::id
                .eq(id.uuid())
                .and(sessions::revoked_at.is_null()),
        ),
    )
    .set(sessions::revoked_at.eq(at))
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// Ends a person's sessions, all or all but one; returns how many.
pub async fn revoke_sessions_of(
    conn: &mut Conn,
    user: UserId,
    except: Option<SessionId>,
    at: DateTime<Utc>,
) -> Result<usize> {
    let kept = except.map_or(Uuid::nil(), SessionId::uuid);
    diesel::update(
        sessions::table.filter(
            sessions::user_id
                .eq(user.uuid())
                .and(sessions::id.ne(kept))
                .and(sessions::revoked_at.is_null()),
        ),
    )
    .set(sessions::revoked_at.eq(at))
    .execute(conn)
    .await
    .stored()
}
