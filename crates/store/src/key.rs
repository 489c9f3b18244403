//! API keys.

use chrono::{DateTime, Utc};
use diesel::{
    BoxableExpression,
    dsl::{exists, not, sql},
    pg::Pg,
    prelude::*,
    sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Provenance, Result,
    access::{PermissionSet, Role},
    ids::{ApiKeyId, UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, Json, Page, PageRequest, Slice, StoreExt,
    schema::{api_keys, members, roles, users, workspaces},
    standing::Standing,
    team_role::{TeamRoles, team_roles},
};

/// An API key; its secret is not kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: ApiKeyId,
    /// The workspace it opens.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Name.
    pub name: String,
    /// What it may do.
    #[diesel(deserialize_as = String)]
    pub role: Role,
    /// The first characters of its secret; none for keys of earlier versions.
    pub prefix: Option<String>,
    /// Who made it; none for keys of earlier versions.
    pub provenance: Option<Json<Provenance>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was used last, as far as the request log was written.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Until when the secret before the last rotation works.
    pub old_expires_at: Option<DateTime<Utc>>,
    /// Its own permissions, of a key without a role.
    #[diesel(column_name = permissions)]
    pub own: Option<Vec<String>>,
    /// Whose it is; the workspace's when nobody's.
    pub user_id: Option<Uuid>,
    /// The connections that it was limited to.
    pub connection_ids: Option<Vec<Uuid>>,
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It works.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl ApiKey {
    /// What it was given; what it may do now, [`present`] says.
    pub fn permissions(&self) -> PermissionSet {
        PermissionSet::held(self.role, self.own.as_deref())
    }

    /// How it stands at an instant.
    pub fn status(&self, now: DateTime<Utc>) -> Status {
        if self.revoked_at.is_some() {
            Status::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Status::Expired
        } else {
            Status::Active
        }
    }
}

/// Adds a key.
pub async fn insert(conn: &mut Conn, key: &ApiKey, hash: &[u8]) -> Result<()> {
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(key.id.uuid()),
            api_keys::workspace_id.eq(key.workspace_id.uuid()),
            api_keys::name.eq(&key.name),
            api_keys::role.eq(key.role.as_str()),
            api_keys::hash.eq(hash),
            api_keys::prefix.eq(&key.prefix),
            api_keys::provenance.eq(&key.provenance),
            api_keys::created_at.eq(key.created_at),
            api_keys::expires_at.eq(key.expires_at),
            api_keys::permissions.eq(&key.own),
            api_keys::user_id.eq(key.user_id),
            api_keys::connection_ids.eq(&key.connection_ids),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("This key exists already.")?;
    Ok(())
}

/// A key with what bounds it: whether its workspace is to be erased; role, permissions, limit and teams
/// of the member whose it is.
type Bounded = (
    ApiKey,
    bool,
    Option<String>,
    Option<Vec<String>>,
    Option<Vec<Uuid>>,
    TeamRoles,
);

macro_rules! bounded {
    () => {
        api_keys::table
            .inner_join(workspaces::table.on(workspaces::id.eq(api_keys::workspace_id)))
            .left_join(
                members::table.on(members::workspace_id
                    .eq(api_keys::workspace_id)
                    .and(members::user_id.nullable().eq(api_keys::user_id))),
            )
            .left_join(roles::table.on(members::role_id.eq(roles::id.nullable())))
            .filter(not(exists(
                // Of people no request reads everything.
                users::table
                    .select(users::id)
                    .filter(users::id.nullable().eq(api_keys::user_id))
                    .filter(users::disabled_at.is_not_null()),
            )))
            .select((
                ApiKey::as_select(),
                workspaces::deleted_at.is_not_null(),
                members::role.nullable(),
                roles::permissions.nullable(),
                members::connection_ids.nullable(),
                team_roles(
                    members::workspace_id.nullable(),
                    members::user_id.nullable(),
                ),
            ))
    };
}

/// The key with what it may do now: what it was given, as far as whose it is may do it. None when that
/// person is no longer a member.
fn now_may(
    (key, is_in_grace, role, own, limit, teams): Bounded,
) -> Result<Option<(ApiKey, Standing)>> {
    let limits = key.connection_ids.clone();
    let given = Standing::new(key.role, key.own.as_deref(), limits, None);
    let standing = match (key.user_id, role) {
        (None, _) => given,
        (Some(_), None) => return Ok(None),
        (Some(_), Some(role)) => {
            given.within(&Standing::new(role.parse()?, own.as_deref(), limit, teams))
        }
    };
    Ok(Some((key, standing.in_grace(is_in_grace))))
}

/// The key with an id and what it may do now; none when it was revoked, has ended, or whose it is has left or
/// is shut out.
pub async fn present(
    conn: &mut Conn,
    workspace: WorkspaceId,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<Option<(ApiKey, Standing)>> {
    let found: Option<Bounded> = bounded!()
        .filter(api_keys::workspace_id.eq(workspace.uuid()))
        .filter(api_keys::id.eq(id.uuid()))
        .first(conn)
        .await
        .optional()
        .stored()?;
    found
        .filter(|(key, ..)| key.status(now) == Status::Active)
        .map_or(Ok(None), now_may)
}

/// The key behind a secret's hash and what it may do now, unless revoked, expired or of a person who is shut
/// out; also by the secret before the last rotation while that one works.
pub async fn by_hash(
    conn: &mut Conn,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<(ApiKey, Standing)>> {
    let by_old = api_keys::old_hash
        .eq(hash)
        .and(api_keys::old_expires_at.gt(now))
        .assume_not_null();
    let found: Option<Bounded> = bounded!()
        .filter(api_keys::hash.eq(hash).or(by_old))
        .filter(api_keys::revoked_at.is_null())
        .filter(
            api_keys::expires_at
                .is_null()
                .or(api_keys::expires_at.gt(now)),
        )
        .first(conn)
        .await
        .optional()
        .stored()?;
    found.map_or(Ok(None), now_may)
}

/// The keys of a person that were not taken back, locked for a change.
pub async fn lock_of_person(
    conn: &mut Conn,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Vec<ApiKey>> {
    api_keys::table
        .filter(api_keys::workspace_id.eq(workspace.uuid()))
        .filter(api_keys::user_id.eq(user.uuid()))
        .filter(api_keys::revoked_at.is_null())
        .order(api_keys::id)
        .select(ApiKey::as_select())
        .for_update()
        .load(conn)
        .await
        .stored()
}

/// The keys that other keys made and that were not taken back, locked for a change.
pub async fn lock_made_by(
    conn: &mut Conn,
    workspace: WorkspaceId,
    makers: &[ApiKeyId],
) -> Result<Vec<ApiKey>> {
    let makers: Vec<String> = makers.iter().map(ToString::to_string).collect();
    api_keys::table
        .filter(api_keys::workspace_id.eq(workspace.uuid()))
        .filter(api_keys::revoked_at.is_null())
        .filter(
            sql::<Bool>("provenance ->> 'key' = ANY (")
                .bind::<Array<Text>, _>(makers)
                .sql(")"),
        )
        .order(api_keys::id)
        .select(ApiKey::as_select())
        .for_update()
        .load(conn)
        .await
        .stored()
}

/// The key with an id, also when revoked or expired.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: ApiKeyId) -> Result<ApiKey> {
    by_ids(conn, workspace, &[id])
        .await?
        .pop()
        .ok_or_else(|| Error::not_found("API key"))
}

/// As [`get`], locking the row until the transaction ends.
pub async fn lock(conn: &mut Conn, workspace: WorkspaceId, id: ApiKeyId) -> Result<ApiKey> {
    api_keys::table
        .filter(
            api_keys::workspace_id
                .eq(workspace.uuid())
                .and(api_keys::id.eq(id.uuid())),
        )
        .select(ApiKey::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
        .stored()?
        .ok_or_else(|| Error::not_found("API key"))
}

/// The keys with these ids, in no order; unknown ones are left out.
pub async fn by_ids(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[ApiKeyId],
) -> Result<Vec<ApiKey>> {
    api_keys::table
        .filter(api_keys::workspace_id.eq(workspace.uuid()))
        .filter(api_keys::id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(ApiKey::as_select())
        .load(conn)
        .await
        .stored()
}

/// Writes name, role, ends and prefix of a key.
pub async fn update(conn: &mut Conn, key: &ApiKey) -> Result<()> {
    diesel::update(api_keys::table.find(key.id.uuid()))
        .set((
            api_keys::name.eq(&key.name),
            api_keys::expires_at.eq(key.expires_at),
            api_keys::revoked_at.eq(key.revoked_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Whether this is the hash of a key's secret, or of the one before it.
pub async fn has(conn: &mut Conn, id: ApiKeyId, hash: &[u8]) -> Result<bool> {
    let by_old = api_keys::old_hash.eq(hash).assume_not_null();
    let found = api_keys::table
        .find(id.uuid())
        .filter(api_keys::hash.eq(hash).or(by_old));
    diesel::select(exists(found))
        .get_result(conn)
        .await
        .stored()
}

/// Gives a key a new secret; the one before works until `key.old_expires_at`, an earlier one no more.
pub async fn rotate(conn: &mut Conn, key: &ApiKey, hash: &[u8]) -> Result<()> {
    diesel::update(api_keys::table.find(key.id.uuid()))
        .set((
            api_keys::old_hash.eq(api_keys::hash.nullable()),
            api_keys::old_expires_at.eq(key.old_expires_at),
            api_keys::hash.eq(hash),
            api_keys::prefix.eq(&key.prefix),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Remembers when keys were used last; an earlier time changes nothing. A key that is being changed is passed over:
/// it waits for nobody, so that nobody waits in a circle.
pub async fn touch(conn: &mut Conn, used: &[(ApiKeyId, DateTime<Utc>)]) -> Result<()> {
    let (ids, times): (Vec<Uuid>, Vec<DateTime<Utc>>) =
        used.iter().map(|(id, at)| (id.uuid(), *at)).unzip();
    diesel::sql_query(
        "UPDATE api_keys SET last_used_at = used.at FROM unnest($1, $2) AS used (id, at)
         WHERE api_keys.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)
           AND api_keys.id = ANY (ARRAY(SELECT id FROM api_keys WHERE id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED))",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Timestamptz>, _>(times)
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// What a list of keys is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this one.
    pub only: Option<ApiKeyId>,
    /// Only this person's.
    pub user: Option<UserId>,
    /// Only these states; without it all but revoked ones.
    pub statuses: Option<Vec<Status>>,
}

type Condition = Box<dyn BoxableExpression<api_keys::table, Pg, SqlType = Bool>>;

/// SQL of a status; a key without an end is compared with infinity.
fn is(status: Status, now: DateTime<Utc>) -> Condition {
    let revoked = api_keys::revoked_at.is_not_null();
    let end = |operator: &str| {
        sql::<Bool>(&format!(
            "coalesce(api_keys.expires_at, 'infinity'::timestamptz) {operator} "
        ))
        .bind::<Nullable<Timestamptz>, _>(Some(now))
    };
    match status {
        Status::Revoked => Box::new(revoked),
        Status::Expired => Box::new(api_keys::revoked_at.is_null().and(end("<="))),
        Status::Active => Box::new(api_keys::revoked_at.is_null().and(end(">"))),
    }
}

macro_rules! filtered {
    ($query:expr, $workspace:expr, $filter:expr, $now:expr) => {{
        let mut query = $query
            .filter(api_keys::workspace_id.eq($workspace.uuid()))
            .into_boxed();
        if let Some(only) = $filter.only {
            query = query.filter(api_keys::id.eq(only.uuid()));
        }
        if let Some(user) = $filter.user {
            query = query.filter(api_keys::user_id.eq(user.uuid()));
        }
        match &$filter.statuses {
            None => query = query.filter(api_keys::revoked_at.is_null()),
            Some(statuses) => {
                let none: Condition = Box::new(sql::<Bool>("FALSE"));
                let any = statuses.iter().fold(none, |any, status| {
                    Box::new(any.or(is(*status, $now))) as Condition
                });
                query = query.filter(any);
            }
        }
        query
    }};
}

/// A page of keys in the order in which they were made.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    filter: &Filter,
    page: &PageRequest<(DateTime<Utc>, Uuid)>,
    now: DateTime<Utc>,
) -> Result<Page<ApiKey>> {
    let mut query = filtered!(
        api_keys::table.select(ApiKey::as_select()),
        workspace,
        filter,
        now
    );
    if let Some((at, id)) = page.after {
        query = query.filter(
            api_keys::created_at
                .gt(at)
                .or(api_keys::created_at.eq(at).and(api_keys::id.gt(id))),
        );
    }
    if let Some((at, id)) = page.before {
        query = query.filter(
            api_keys::created_at
                .lt(at)
                .or(api_keys::created_at.eq(at).and(api_keys::id.lt(id))),
        );
    }
    query = if page.from_end {
        query.order((api_keys::created_at.desc(), api_keys::id.desc()))
    } else {
        query.order((api_keys::created_at.asc(), api_keys::id.asc()))
    };
    let rows = query.limit(page.limit + 1).load(conn).await.stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many keys the filter leaves.
pub async fn count(
    conn: &mut Conn,
    workspace: WorkspaceId,
    filter: &Filter,
    now: DateTime<Utc>,
) -> Result<i64> {
    filtered!(api_keys::table.count(), workspace, filter, now)
        .get_result(conn)
        .await
        .stored()
}
