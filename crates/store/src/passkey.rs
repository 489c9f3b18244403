//! Passkeys of people, and what their authenticators were asked to sign.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, ErrorCode, Result,
    ids::{PasskeyCeremonyId, PasskeyId, UserId},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    schema::{passkey_ceremonies as ceremonies, passkeys, users},
};

/// A passkey of a person.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = passkeys)]
pub struct Passkey {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: PasskeyId,
    /// The person.
    #[diesel(deserialize_as = Uuid)]
    pub user_id: UserId,
    /// What the authenticator calls it.
    pub credential_id: Vec<u8>,
    /// What the person calls it.
    pub name: String,
    /// Public key and counter.
    pub credential: Value,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it last showed who the person is.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What an authenticator was asked to sign.
#[derive(Clone, Debug)]
pub struct Ceremony {
    /// Id.
    pub id: PasskeyCeremonyId,
    /// Who registers a passkey; none for whoever is to be recognised by one.
    pub user: Option<UserId>,
    /// What the answer is compared with.
    pub state: Value,
    /// Until when an answer is taken.
    pub expires_at: DateTime<Utc>,
}

/// Adds a passkey; `CONFLICT` when somebody has it.
pub async fn insert(conn: &mut Conn, passkey: &Passkey) -> Result<()> {
    let added = diesel::insert_into(passkeys::table)
        .values((
            passkeys::id.eq(passkey.id.uuid()),
            passkeys::user_id.eq(passkey.user_id.uuid()),
            passkeys::credential_id.eq(&passkey.credential_id),
            passkeys::name.eq(&passkey.name),
            passkeys::credential.eq(&passkey.credential),
            passkeys::created_at.eq(passkey.created_at),
        ))
        .on_conflict(passkeys::credential_id)
        .do_nothing()
        .execute(conn)
        .await
        .stored()?;
    if added == 0 {
        let message = "This passkey is registered already.";
        return Err(Error::new(ErrorCode::InvalidState, message));
    }
    Ok(())
}

/// The passkeys of a person, the oldest first. Locks the person, so that of two who count one comes after the other.
pub async fn of_locked(conn: &mut Conn, user: UserId) -> Result<Vec<Passkey>> {
    users::table
        .find(user.uuid())
        .select(users::id)
        .for_update()
        .first::<Uuid>(conn)
        .await
        .stored()?;
    of(conn, user).await
}

/// The passkeys of a person, the oldest first.
pub async fn of(conn: &mut Conn, user: UserId) -> Result<Vec<Passkey>> {
    passkeys::table
        .filter(passkeys::user_id.eq(user.uuid()))
        .order(passkeys::id)
        .select(Passkey::as_select())
        .load(conn)
        .await
        .stored()
}

/// The passkey that an authenticator calls so.
pub async fn by_credential(conn: &mut Conn, credential_id: &[u8]) -> Result<Option<Passkey>> {
    passkeys::table
        .filter(passkeys::credential_id.eq(credential_id))
        .select(Passkey::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// Notes that a passkey was used, with its counter as it is by then; whether it was as known before: of two answers that
/// come at once one is late.
pub async fn used(
    conn: &mut Conn,
    known: &Passkey,
    credential: &Value,
    at: DateTime<Utc>,
) -> Result<bool> {
    let noted = diesel::update(passkeys::table.find(known.id.uuid()))
        .filter(passkeys::credential.eq(&known.credential))
        .set((
            passkeys::credential.eq(credential),
            passkeys::last_used_at.eq(at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(noted > 0)
}

/// Calls a passkey of a person otherwise.
pub async fn rename(
    conn: &mut Conn,
    user: UserId,
    id: PasskeyId,
    name: &str,
) -> Result<Option<Passkey>> {
    diesel::update(passkeys::table.find(id.uuid()))
        .filter(passkeys::user_id.eq(user.uuid()))
        .set(passkeys::name.eq(name))
        .returning(Passkey::as_returning())
        .get_result(conn)
        .await
        .optional()
        .stored()
}

/// Takes a passkey from a person; whether there was one.
pub async fn remove(conn: &mut Conn, user: UserId, id: PasskeyId) -> Result<bool> {
    let removed = diesel::delete(passkeys::table.find(id.uuid()))
        .filter(passkeys::user_id.eq(user.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(removed > 0)
}

/// Keeps what an authenticator is asked to sign.
pub async fn insert_ceremony(conn: &mut Conn, ceremony: &Ceremony) -> Result<()> {
    diesel::insert_into(ceremonies::table)
        .values((
            ceremonies::id.eq(ceremony.id.uuid()),
            ceremonies::user_id.eq(ceremony.user.map(UserId::uuid)),
            ceremonies::state.eq(&ceremony.state),
            ceremonies::expires_at.eq(ceremony.expires_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// What an authenticator was asked to sign, this once, unless its time is over.
pub async fn take_ceremony(
    conn: &mut Conn,
    id: PasskeyCeremonyId,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<Option<Value>> {
    diesel::delete(ceremonies::table.find(id.uuid()))
        .filter(ceremonies::user_id.is_not_distinct_from(user.map(UserId::uuid)))
        .filter(ceremonies::expires_at.gt(now))
        .returning(ceremonies::state)
        .get_result(conn)
        .await
        .optional()
        .stored()
}

/// Forgets ceremonies whose time was over at an instant.
pub async fn sweep_ceremonies(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    diesel::delete(ceremonies::table.filter(ceremonies::expires_at.le(before)))
        .execute(conn)
        .await
        .stored()
}
