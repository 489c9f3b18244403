//! People as they change themselves, and the tokens that mails bring them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::UserId};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    access::User,
    schema::{audit_entries, invitations, person_tokens as tokens, users},
};

/// What a mail lets its reader do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Finish a registration.
    Register,
    /// Choose another password.
    Reset,
    /// Take another address.
    Email,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Register => "REGISTER",
            Self::Reset => "RESET",
            Self::Email => "EMAIL",
        }
    }
}

/// A token that was mailed; kept as a hash.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = tokens)]
pub struct Token {
    /// The keyed hash.
    pub hash: Vec<u8>,
    /// The address it was sent to, in lower case.
    pub email: String,
    /// Whose address is to change.
    pub user_id: Option<Uuid>,
    /// What a registration says.
    pub data: Option<Value>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Adds a token.
pub async fn insert_token(conn: &mut Conn, purpose: Purpose, token: &Token) -> Result<()> {
    diesel::insert_into(tokens::table)
        .values((
            tokens::hash.eq(&token.hash),
            tokens::purpose.eq(purpose.as_str()),
            tokens::email.eq(&token.email),
            tokens::user_id.eq(token.user_id),
            tokens::data.eq(&token.data),
            tokens::expires_at.eq(token.expires_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The token behind a hash, unless its time is over.
pub async fn token(
    conn: &mut Conn,
    purpose: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Token>> {
    tokens::table
        .find(hash)
        .filter(tokens::purpose.eq(purpose.as_str()))
        .filter(tokens::expires_at.gt(now))
        .select(Token::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// As [`token`], and it is used up with the transaction: of two that come at once, one gets it.
pub async fn take_token(
    conn: &mut Conn,
    purpose: Purpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Token>> {
    let own = tokens::table
        .find(hash)
        .filter(tokens::purpose.eq(purpose.as_str()))
        .filter(tokens::expires_at.gt(now));
    diesel::delete(own)
        .returning(Token::as_returning())
        .get_result(conn)
        .await
        .optional()
        .stored()
}

/// Forgets every token that was sent to an address.
pub async fn forget_tokens(conn: &mut Conn, email: &str) -> Result<()> {
    diesel::delete(tokens::table.filter(tokens::email.eq(email)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Forgets a person's wish for another address.
pub async fn forget_tokens_of(conn: &mut Conn, user: UserId) -> Result<()> {
    diesel::delete(tokens::table.filter(tokens::user_id.eq(user.uuid())))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Forgets tokens whose time was over at an instant.
pub async fn sweep_tokens(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    diesel::delete(tokens::table.filter(tokens::expires_at.le(before)))
        .execute(conn)
        .await
        .stored()
}

/// The person with an id.
pub async fn get(conn: &mut Conn, id: UserId) -> Result<Option<User>> {
    users::table
        .find(id.uuid())
        .select(User::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// Writes another hash of the password.
pub async fn set_password(conn: &mut Conn, id: UserId, hash: &str) -> Result<()> {
    diesel::update(users::table.find(id.uuid()))
        .set(users::password_hash.eq(hash))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Writes another address (in lower case); `ALREADY_EXISTS` when it is somebody's.
pub async fn set_email(conn: &mut Conn, id: UserId, email: &str) -> Result<()> {
    diesel::update(users::table.find(id.uuid()))
        .set(users::email.eq(email))
        .execute(conn)
        .await
        .stored_unless_taken("Somebody with this e-mail exists already.")?;
    Ok(())
}

/// Writes another name.
pub async fn set_name(conn: &mut Conn, id: UserId, name: &str) -> Result<()> {
    diesel::update(users::table.find(id.uuid()))
        .set(users::name.eq(name))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Erases a person: who they were, their memberships, sessions and keys, invitations to them, and the details of what
/// the audit logs tell of them.
pub async fn erase(conn: &mut Conn, user: &User) -> Result<()> {
    let id = user.id.uuid();
    forget_tokens(conn, &user.email).await?;
    let asked = invitations::user_id.eq(id);
    diesel::delete(invitations::table.filter(asked.or(invitations::email.eq(&user.email))))
        .execute(conn)
        .await
        .stored()?;
    let told = audit_entries::table
        .filter(audit_entries::subject.eq(user.id.to_string()))
        .filter(audit_entries::detail.is_not_null());
    diesel::update(told)
        .set((
            audit_entries::detail.eq(None::<Value>),
            audit_entries::salt.eq(None::<Vec<u8>>),
        ))
        .execute(conn)
        .await
        .stored()?;
    diesel::delete(users::table.find(id))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
