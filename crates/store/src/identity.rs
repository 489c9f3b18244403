//! Identities at providers that people sign in with.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{IdentityId, UserId},
};
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    schema::{identities, users},
};

/// An identity. Issuer and subject name it; the e-mail is only shown.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = identities)]
pub struct Identity {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: IdentityId,
    /// The person.
    #[diesel(deserialize_as = Uuid)]
    pub user_id: UserId,
    /// The provider's name in the configuration when it was linked.
    pub provider: String,
    /// The provider, as it names itself.
    pub issuer: String,
    /// The person, as the provider names them.
    pub subject: String,
    /// The e-mail that the provider told last.
    pub email: Option<String>,
    /// When it was linked.
    pub linked_at: DateTime<Utc>,
    /// When somebody signed in with it last.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Links an identity; `ALREADY_EXISTS` when it is somebody's.
pub async fn insert(conn: &mut Conn, row: &Identity) -> Result<()> {
    diesel::insert_into(identities::table)
        .values((
            identities::id.eq(row.id.uuid()),
            identities::user_id.eq(row.user_id.uuid()),
            identities::provider.eq(&row.provider),
            identities::issuer.eq(&row.issuer),
            identities::subject.eq(&row.subject),
            identities::email.eq(&row.email),
            identities::linked_at.eq(row.linked_at),
            identities::last_used_at.eq(row.last_used_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("This identity is linked already.")?;
    Ok(())
}

/// The identity that an issuer names so.
pub async fn find(conn: &mut Conn, issuer: &str, subject: &str) -> Result<Option<Identity>> {
    identities::table
        .filter(identities::issuer.eq(issuer))
        .filter(identities::subject.eq(subject))
        .select(Identity::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// A person's identities, the first linked first.
pub async fn of(conn: &mut Conn, user: UserId) -> Result<Vec<Identity>> {
    identities::table
        .filter(identities::user_id.eq(user.uuid()))
        .order((identities::linked_at, identities::id))
        .select(Identity::as_select())
        .load(conn)
        .await
        .stored()
}

/// Writes down that somebody signed in with an identity, and what e-mail the provider told.
pub async fn touch(
    conn: &mut Conn,
    id: IdentityId,
    email: Option<&str>,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::update(identities::table.find(id.uuid()))
        .set((identities::last_used_at.eq(at), identities::email.eq(email)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Unlinks a person's identity; whether it was theirs.
pub async fn remove(conn: &mut Conn, user: UserId, id: IdentityId) -> Result<bool> {
    let own = identities::table
        .find(id.uuid())
        .filter(identities::user_id.eq(user.uuid()));
    let removed = diesel::delete(own).execute(conn).await.stored()?;
    Ok(removed > 0)
}

/// Locks a person's ways to sign in until the transaction ends; whether there is a password, none for an unknown person.
pub async fn lock_ways(conn: &mut Conn, user: UserId) -> Result<Option<bool>> {
    users::table
        .find(user.uuid())
        .select(users::password_hash.is_not_null())
        .for_update()
        .first(conn)
        .await
        .optional()
        .stored()
}
