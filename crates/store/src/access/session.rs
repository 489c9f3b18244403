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
    Conn, Page, PageRequest, Slice, StoreExt,
    schema::{members, roles, sessions, users, workspaces},
    standing::Standing,
    team_role::{TeamRoles, team_roles},
};

/// An open session with the member's present role.
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
    /// When the person signed in.
    pub created_at: DateTime<Utc>,
    /// When it ends unless it is refreshed before.
    pub expires_at: DateTime<Utc>,
    /// What its tokens are made of, beside the server's secret.
    pub salt: Vec<u8>,
    /// The number of its tokens, from 1; each refresh makes the next.
    pub generation: i32,
    /// When the tokens of this number were made.
    pub refreshed_at: DateTime<Utc>,
    /// When those of the number before were made; none when they open nothing any more.
    pub before_at: Option<DateTime<Utc>>,
    /// When the person last showed who they are.
    pub authenticated_at: DateTime<Utc>,
    /// Whether with a second factor.
    pub second_factor: bool,
    /// The program it was opened with.
    pub user_agent: Option<String>,
    /// The address it was opened from.
    pub address: Option<String>,
}

/// The position of a session in the list: when it was opened, and its id.
pub type Key = (DateTime<Utc>, Uuid);

/// Opens a session.
pub async fn insert_session(conn: &mut Conn, session: &Session) -> Result<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id.uuid()),
            sessions::user_id.eq(session.user_id.uuid()),
            sessions::workspace_id.eq(session.workspace_id.uuid()),
            sessions::created_at.eq(session.created_at),
            sessions::expires_at.eq(session.expires_at),
            sessions::salt.eq(&session.salt),
            sessions::generation.eq(session.generation),
            sessions::refreshed_at.eq(session.refreshed_at),
            sessions::before_at.eq(session.before_at),
            sessions::authenticated_at.eq(session.authenticated_at),
            sessions::second_factor.eq(session.second_factor),
            sessions::user_agent.eq(&session.user_agent),
            sessions::address.eq(&session.address),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Sessions that are open at an instant, of members who are not shut out.
macro_rules! open {
    ($now:expr) => {
        sessions::table
            .inner_join(
                members::table.on(members::workspace_id
                    .eq(sessions::workspace_id)
                    .and(members::user_id.eq(sessions::user_id))),
            )
            .inner_join(users::table.on(users::id.eq(sessions::user_id)))
            .filter(sessions::salt.is_not_null())
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::expires_at.gt($now))
            .filter(users::disabled_at.is_null())
    };
}

macro_rules! columns {
    () => {
        (
            sessions::id,
            sessions::user_id,
            sessions::workspace_id,
            members::role,
            sessions::created_at,
            sessions::expires_at,
            sessions::salt.assume_not_null(),
            sessions::generation,
            sessions::refreshed_at.assume_not_null(),
            sessions::before_at,
            sessions::authenticated_at.assume_not_null(),
            sessions::second_factor,
            sessions::user_agent,
            sessions::address,
        )
    };
}

type Found = (
    Session,
    Option<Vec<String>>,
    Option<Vec<Uuid>>,
    TeamRoles,
    bool,
    bool,
);

/// The session with an id and what its member may do now, nothing where the workspace asks for a second factor that it has
/// not; none when it has ended or was revoked, and none of a person who is shut out.
pub async fn session(
    conn: &mut Conn,
    id: SessionId,
    now: DateTime<Utc>,
) -> Result<Option<(Session, Standing)>> {
    let found: Option<Found> = open!(now)
        .inner_join(workspaces::table.on(workspaces::id.eq(sessions::workspace_id)))
        .left_join(roles::table.on(members::role_id.eq(roles::id.nullable())))
        .filter(sessions::id.eq(id.uuid()))
        .select((
            columns!(),
            roles::permissions.nullable(),
            members::connection_ids,
            team_roles(
                members::workspace_id.nullable(),
                members::user_id.nullable(),
            ),
            workspaces::deleted_at.is_not_null(),
            workspaces::second_factor_required,
        ))
        .first(conn)
        .await
        .optional()
        .stored()?;
    Ok(found.map(
        |(session, own, connections, teams, is_in_grace, is_strict)| {
            let standing = Standing::new(session.role, own.as_deref(), connections, teams);
            let standing = standing.in_grace(is_in_grace);
            let is_short = is_strict && !session.second_factor;
            (session, if is_short { standing.shut() } else { standing })
        },
    ))
}

/// Gives a session its next tokens: writes what `next` says of them, unless the session has ended or got others
/// than `known` meanwhile. Whether it did.
pub async fn rotate_session(
    conn: &mut Conn,
    known: &Session,
    next: &Session,
    now: DateTime<Utc>,
) -> Result<bool> {
    let unchanged = sessions::table
        .find(known.id.uuid())
        .filter(sessions::generation.eq(known.generation))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now));
    let rotated = diesel::update(unchanged)
        .set((
            sessions::expires_at.eq(next.expires_at),
            sessions::generation.eq(next.generation),
            sessions::refreshed_at.eq(next.refreshed_at),
            sessions::before_at.eq(next.before_at),
            sessions::authenticated_at.eq(next.authenticated_at),
            sessions::second_factor.eq(next.second_factor),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(rotated > 0)
}

/// Moves the end of a session that is used, unless somebody did so, or it got another number, meanwhile.
pub async fn extend_session(
    conn: &mut Conn,
    known: &Session,
    end: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let unchanged = sessions::table
        .find(known.id.uuid())
        .filter(sessions::generation.eq(known.generation))
        .filter(sessions::refreshed_at.eq(known.refreshed_at))
        .filter(sessions::revoked_at.is_null());
    diesel::update(unchanged)
        .set((sessions::expires_at.eq(end), sessions::refreshed_at.eq(now)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Says of one session, or of all of a person's, whether it has a second factor.
pub async fn set_second_factor(
    conn: &mut Conn,
    user: UserId,
    only: Option<SessionId>,
    has: bool,
) -> Result<()> {
    let of_person = sessions::table.filter(sessions::user_id.eq(user.uuid()));
    let change = sessions::second_factor.eq(has);
    let changed = match only {
        Some(one) => {
            let one = of_person.filter(sessions::id.eq(one.uuid()));
            diesel::update(one).set(change).execute(conn).await
        }
        None => diesel::update(of_person).set(change).execute(conn).await,
    };
    changed.stored()?;
    Ok(())
}

/// A page of a person's open sessions, the newest first.
pub async fn sessions_of(
    conn: &mut Conn,
    user: UserId,
    page: &PageRequest<Key>,
    now: DateTime<Utc>,
) -> Result<Page<Session>> {
    let mut query = open!(now)
        .filter(sessions::user_id.eq(user.uuid()))
        .select(columns!())
        .into_boxed();
    if let Some((at, id)) = page.after {
        query = query.filter(
            sessions::created_at
                .lt(at)
                .or(sessions::created_at.eq(at).and(sessions::id.lt(id))),
        );
    }
    if let Some((at, id)) = page.before {
        query = query.filter(
            sessions::created_at
                .gt(at)
                .or(sessions::created_at.eq(at).and(sessions::id.gt(id))),
        );
    }
    query = if page.from_end {
        query.order((sessions::created_at.asc(), sessions::id.asc()))
    } else {
        query.order((sessions::created_at.desc(), sessions::id.desc()))
    };
    let rows = query.limit(page.limit + 1).load(conn).await.stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many open sessions a person has.
pub async fn count_sessions(conn: &mut Conn, user: UserId, now: DateTime<Utc>) -> Result<i64> {
    open!(now)
        .filter(sessions::user_id.eq(user.uuid()))
        .count()
        .get_result(conn)
        .await
        .stored()
}

/// Ends a person's session; whether it was open.
pub async fn revoke_session(
    conn: &mut Conn,
    user: UserId,
    id: SessionId,
    at: DateTime<Utc>,
) -> Result<bool> {
    let open = sessions::table
        .find(id.uuid())
        .filter(sessions::user_id.eq(user.uuid()))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(at));
    let revoked = diesel::update(open)
        .set(sessions::revoked_at.eq(at))
        .execute(conn)
        .await
        .stored()?;
    Ok(revoked > 0)
}

/// Forgets sessions whose time was over before an instant.
pub async fn sweep_sessions(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    diesel::delete(sessions::table.filter(sessions::expires_at.lt(before)))
        .execute(conn)
        .await
        .stored()
}

/// Ends a person's sessions in a workspace; how many there were.
pub async fn revoke_sessions_in(
    conn: &mut Conn,
    workspace: WorkspaceId,
    user: UserId,
    at: DateTime<Utc>,
) -> Result<usize> {
    let open = sessions::table
        .filter(sessions::workspace_id.eq(workspace.uuid()))
        .filter(sessions::user_id.eq(user.uuid()))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(at));
    diesel::update(open)
        .set(sessions::revoked_at.eq(at))
        .execute(conn)
        .await
        .stored()
}

/// Ends a person's sessions, all but one if that is to stay; how many there were.
pub async fn revoke_sessions_of(
    conn: &mut Conn,
    user: UserId,
    except: Option<SessionId>,
    at: DateTime<Utc>,
) -> Result<usize> {
    let open = sessions::table
        .filter(sessions::user_id.eq(user.uuid()))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(at));
    let kept = except.map(SessionId::uuid);
    diesel::update(open.filter(sessions::id.nullable().is_distinct_from(kept)))
        .set(sessions::revoked_at.eq(at))
        .execute(conn)
        .await
        .stored()
}
