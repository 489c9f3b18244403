//! Second factors of people: an authenticator app each, and codes that stand in for it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::UserId};
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    schema::{recovery_codes, second_factors},
};

/// A person's authenticator app.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = second_factors)]
pub struct SecondFactor {
    /// The person.
    #[diesel(deserialize_as = Uuid)]
    pub user_id: UserId,
    /// What its secret is made of, beside the server's.
    pub salt: Vec<u8>,
    /// When the secret was made.
    pub created_at: DateTime<Utc>,
    /// Since when it is asked for.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// The app of a person.
pub async fn get(conn: &mut Conn, user: UserId) -> Result<Option<SecondFactor>> {
    second_factors::table
        .find(user.uuid())
        .select(SecondFactor::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// Gives a person a new secret that is not asked for yet; whether it did: not where one is asked for.
pub async fn enrol(conn: &mut Conn, user: UserId, salt: &[u8], at: DateTime<Utc>) -> Result<bool> {
    let new = (
        second_factors::salt.eq(salt),
        second_factors::created_at.eq(at),
        second_factors::last_step.eq(0),
    );
    let renewed = diesel::update(second_factors::table.find(user.uuid()))
        .filter(second_factors::confirmed_at.is_null())
        .set(new)
        .execute(conn)
        .await
        .stored()?;
    if renewed > 0 {
        return Ok(true);
    }
    let made = diesel::insert_into(second_factors::table)
        .values((second_factors::user_id.eq(user.uuid()), new))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .stored()?;
    Ok(made > 0)
}

/// Asks for the app from now on, after the code of a step; whether it was not so before.
pub async fn confirm(
    conn: &mut Conn,
    known: &SecondFactor,
    step: i64,
    at: DateTime<Utc>,
) -> Result<bool> {
    let confirmed = diesel::update(second_factors::table.find(known.user_id.uuid()))
        .filter(second_factors::confirmed_at.is_null())
        .filter(second_factors::salt.eq(&known.salt))
        .set((
            second_factors::confirmed_at.eq(at),
            second_factors::last_step.eq(step),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(confirmed > 0)
}

/// Takes the code of a step; whether it may be: not when one of this or a later step was taken.
pub async fn take_step(conn: &mut Conn, known: &SecondFactor, step: i64) -> Result<bool> {
    let taken = diesel::update(second_factors::table.find(known.user_id.uuid()))
        .filter(second_factors::salt.eq(&known.salt))
        .filter(second_factors::last_step.lt(step))
        .set(second_factors::last_step.eq(step))
        .execute(conn)
        .await
        .stored()?;
    Ok(taken > 0)
}

/// Takes app and codes from a person; whether there was an app.
pub async fn remove(conn: &mut Conn, user: UserId) -> Result<bool> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user.uuid())))
        .execute(conn)
        .await
        .stored()?;
    let removed = diesel::delete(second_factors::table.find(user.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(removed > 0)
}

/// Gives a person these codes in the place of those before, by their hashes.
pub async fn replace_codes(conn: &mut Conn, user: UserId, hashes: &[Vec<u8>]) -> Result<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user.uuid())))
        .execute(conn)
        .await
        .stored()?;
    let rows: Vec<_> = hashes
        .iter()
        .map(|hash| {
            (
                recovery_codes::user_id.eq(user.uuid()),
                recovery_codes::hash.eq(hash),
            )
        })
        .collect();
    diesel::insert_into(recovery_codes::table)
        .values(rows)
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Uses a code up; whether there was one with this hash.
pub async fn take_code(conn: &mut Conn, user: UserId, hash: &[u8]) -> Result<bool> {
    let taken = diesel::delete(recovery_codes::table.find((user.uuid(), hash)))
        .execute(conn)
        .await
        .stored()?;
    Ok(taken > 0)
}

/// How many codes a person has left.
pub async fn count_codes(conn: &mut Conn, user: UserId) -> Result<i64> {
    recovery_codes::table
        .filter(recovery_codes::user_id.eq(user.uuid()))
        .count()
        .get_result(conn)
        .await
        .stored()
}
