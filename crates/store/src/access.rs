//! People, memberships and sessions.

mod session;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    access::Role,
    ids::{UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    schema::{members, users, workspaces},
};

pub use session::{
    Key, Session, count_sessions, extend_session, insert_session, revoke_session,
    revoke_sessions_in, revoke_sessions_of, rotate_session, session, sessions_of,
    set_second_factor, sweep_sessions,
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
    /// argon2id, in PHC format; none of who signs in by a provider only.
    pub password_hash: Option<String>,
    /// When the person was added.
    pub created_at: DateTime<Utc>,
    /// Since when the operator has shut the person out.
    pub disabled_at: Option<DateTime<Utc>>,
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
            users::disabled_at.eq(user.disabled_at),
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

/// Gives a person another password hash, unless somebody else did so meanwhile.
pub async fn replace_password_hash(conn: &mut Conn, user: &User, hash: &str) -> Result<()> {
    let unchanged = users::table
        .find(user.id.uuid())
        .filter(users::password_hash.eq(&user.password_hash));
    diesel::update(unchanged)
        .set(users::password_hash.eq(hash))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Shuts a person out since an instant, or lets them in again; whether that changed anything.
pub async fn set_disabled(
    conn: &mut Conn,
    user: UserId,
    since: Option<DateTime<Utc>>,
) -> Result<bool> {
    let other = users::table
        .find(user.uuid())
        .filter(users::disabled_at.is_null().eq(since.is_some()));
    let changed = diesel::update(other)
        .set(users::disabled_at.eq(since))
        .execute(conn)
        .await
        .stored()?;
    Ok(changed > 0)
}
