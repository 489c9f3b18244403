//! Invitations to become a member.

use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Text};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Provenance, Result,
    access::Role,
    ids::{InvitationId, RoleId, UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, Json, Page, PageRequest, Slice, StoreExt, page::TimeOrder, schema::invitations as table,
};

/// An invitation; its token is not kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct Invitation {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: InvitationId,
    /// Where it leads to.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Who is asked, in lower case.
    pub email: String,
    /// The role that the person gets.
    #[diesel(deserialize_as = String)]
    pub role: Role,
    /// The role of the workspace's own that it is.
    pub role_id: Option<Uuid>,
    /// Who asks.
    pub provenance: Json<Provenance>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its present token was made.
    pub sent_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When the person became a member.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Who accepted.
    pub user_id: Option<Uuid>,
    /// The connections that the person is to be limited to.
    pub connection_ids: Option<Vec<Uuid>>,
}

/// How an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It can be accepted.
    Open,
    /// Its time is over.
    Expired,
    /// The person is a member, or was.
    Accepted,
    /// It was taken back.
    Revoked,
}

impl Invitation {
    /// How it stands at an instant.
    pub fn status(&self, now: DateTime<Utc>) -> Status {
        if self.accepted_at.is_some() {
            Status::Accepted
        } else if self.revoked_at.is_some() {
            Status::Revoked
        } else if self.expires_at <= now {
            Status::Expired
        } else {
            Status::Open
        }
    }

    /// The role of the workspace's own that it is.
    pub fn custom_role(&self) -> Option<RoleId> {
        self.role_id.map(RoleId::from)
    }
}

/// Adds an invitation; `ALREADY_EXISTS` when one for the e-mail is neither accepted nor taken back.
pub async fn insert(conn: &mut Conn, row: &Invitation, hash: &[u8]) -> Result<()> {
    diesel::insert_into(table::table)
        .values((
            table::id.eq(row.id.uuid()),
            table::workspace_id.eq(row.workspace_id.uuid()),
            table::email.eq(&row.email),
            table::role.eq(row.role.as_str()),
            table::role_id.eq(row.role_id),
            table::hash.eq(hash),
            table::provenance.eq(&row.provenance),
            table::created_at.eq(row.created_at),
            table::sent_at.eq(row.sent_at),
            table::expires_at.eq(row.expires_at),
            table::connection_ids.eq(&row.connection_ids),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("There is an invitation for this e-mail already.")?;
    Ok(())
}

/// The invitation for an e-mail that is neither accepted nor taken back.
pub async fn pending(
    conn: &mut Conn,
    workspace: WorkspaceId,
    email: &str,
) -> Result<Option<Invitation>> {
    table::table
        .filter(
            table::workspace_id
                .eq(workspace.uuid())
                .and(table::email.eq(email)),
        )
        .filter(table::accepted_at.is_null())
        .filter(table::revoked_at.is_null())
        .select(Invitation::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// The invitations for an e-mail that can be accepted at an instant, in all workspaces, the oldest first.
pub async fn open_for(conn: &mut Conn, email: &str, now: DateTime<Utc>) -> Result<Vec<Invitation>> {
    table::table
        .filter(table::email.eq(email))
        .filter(table::accepted_at.is_null())
        .filter(table::revoked_at.is_null())
        .filter(table::expires_at.gt(now))
        .order((table::created_at, table::id))
        .select(Invitation::as_select())
        .load(conn)
        .await
        .stored()
}

/// The invitations with these ids, in no order; unknown ones are left out.
pub async fn by_ids(
    conn: &mut Conn,
    workspace: WorkspaceId,
    ids: &[InvitationId],
) -> Result<Vec<Invitation>> {
    table::table
        .filter(table::workspace_id.eq(workspace.uuid()))
        .filter(table::id.eq_any(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()))
        .select(Invitation::as_select())
        .load(conn)
        .await
        .stored()
}

/// The invitation with an id, locked for a change.
pub async fn lock(conn: &mut Conn, workspace: WorkspaceId, id: InvitationId) -> Result<Invitation> {
    let query = table::table
        .filter(
            table::workspace_id
                .eq(workspace.uuid())
                .and(table::id.eq(id.uuid())),
        )
        .select(Invitation::as_select())
        .for_update();
    let found = query.first(conn).await.optional().stored()?;
    found.ok_or_else(|| Error::not_found("invitation"))
}

/// The invitation behind a token's hash, in whatever workspace, and however it stands.
pub async fn by_hash(conn: &mut Conn, hash: &[u8]) -> Result<Option<Invitation>> {
    table::table
        .filter(table::hash.eq(hash))
        .select(Invitation::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// Whether this is the hash of an invitation's token.
pub async fn has(conn: &mut Conn, id: InvitationId, hash: &[u8]) -> Result<bool> {
    let found = table::table.find(id.uuid()).filter(table::hash.eq(hash));
    diesel::select(diesel::dsl::exists(found))
        .get_result(conn)
        .await
        .stored()
}

/// A page of invitations, newest first; `pending_only` narrows it to those that are neither accepted nor taken back.
pub async fn list(
    conn: &mut Conn,
    workspace: WorkspaceId,
    pending_only: bool,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Invitation>> {
    let order = TimeOrder {
        table: "invitations",
        column: "invitations.created_at",
        descending: true,
    };
    let mut query = table::table
        .filter(table::workspace_id.eq(workspace.uuid()))
        .select(Invitation::as_select())
        .into_boxed();
    if pending_only {
        query = query
            .filter(table::accepted_at.is_null())
            .filter(table::revoked_at.is_null());
    }
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

/// How many there are.
pub async fn count(conn: &mut Conn, workspace: WorkspaceId, pending_only: bool) -> Result<i64> {
    let mut query = table::table
        .filter(table::workspace_id.eq(workspace.uuid()))
        .count()
        .into_boxed();
    if pending_only {
        query = query
            .filter(table::accepted_at.is_null())
            .filter(table::revoked_at.is_null());
    }
    query.get_result(conn).await.stored()
}

/// Writes who asks, and gives an invitation a new token and end; the token before is worth nothing from now on.
pub async fn renew(conn: &mut Conn, row: &Invitation, hash: &[u8]) -> Result<()> {
    diesel::update(table::table.find(row.id.uuid()))
        .set((
            table::hash.eq(hash),
            table::provenance.eq(&row.provenance),
            table::sent_at.eq(row.sent_at),
            table::expires_at.eq(row.expires_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Takes an invitation back.
pub async fn revoke(conn: &mut Conn, id: InvitationId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(table::table.find(id.uuid()))
        .set(table::revoked_at.eq(at))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Writes down who accepted.
pub async fn accept(
    conn: &mut Conn,
    id: InvitationId,
    user: UserId,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(table::table.find(id.uuid()))
        .set((table::accepted_at.eq(at), table::user_id.eq(user.uuid())))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
