//! Sign-ins by providers on their way, step by step.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{Error, Result};
use serde_json::Value;
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::provider_steps as steps};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $name {
                $($(#[$of])* $variant,)*
            }

            impl $name {
                fn as_str(self) -> &'static str {
                    match self { $(Self::$variant => $word,)* }
                }
            }

            impl TryFrom<String> for $name {
                type Error = Error;
                fn try_from(text: String) -> Result<Self> {
                    match text.as_str() {
                        $($word => Ok(Self::$variant),)*
                        _ => Err(Error::internal(format!("{text} is unknown"))),
                    }
                }
            }
        )*
    };
}

words! {
    /// Who brings the next step.
    Stage {
        /// The browser in which a signed-in person opens an address that they were given.
        Ticket = "TICKET",
        /// The provider, which sends the browser back.
        State = "STATE",
        /// The page or program that began it.
        Code = "CODE",
    }

    /// What for.
    Purpose {
        /// To open a session.
        SignIn = "SIGN_IN",
        /// To link an identity to a person.
        Link = "LINK",
        /// To show again who a person is.
        Prove = "PROVE",
    }
}

/// A step.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = steps)]
pub struct Step {
    /// The keyed hash of what brings it.
    pub hash: Vec<u8>,
    /// Who brings it.
    #[diesel(deserialize_as = String)]
    pub stage: Stage,
    /// What for.
    #[diesel(deserialize_as = String)]
    pub purpose: Purpose,
    /// The provider's name in the configuration.
    pub provider: String,
    /// The keyed hash of the browser's cookie.
    pub browser: Option<Vec<u8>>,
    /// SHA-256 of the word that the program knows which began it.
    pub challenge: Option<Vec<u8>>,
    /// Where the browser is sent in the end.
    pub return_to: String,
    /// Whose identity is to be linked or shown.
    pub user_id: Option<Uuid>,
    /// In which session that was asked for.
    pub session_id: Option<Uuid>,
    /// What the provider said.
    pub data: Option<Value>,
    /// When it was begun.
    pub begun_at: DateTime<Utc>,
    /// When this step ends.
    pub expires_at: DateTime<Utc>,
}

/// Adds a step.
pub async fn insert(conn: &mut Conn, step: &Step) -> Result<()> {
    diesel::insert_into(steps::table)
        .values((
            steps::hash.eq(&step.hash),
            steps::stage.eq(step.stage.as_str()),
            steps::purpose.eq(step.purpose.as_str()),
            steps::provider.eq(&step.provider),
            steps::browser.eq(&step.browser),
            steps::challenge.eq(&step.challenge),
            steps::return_to.eq(&step.return_to),
            steps::user_id.eq(step.user_id),
            steps::session_id.eq(step.session_id),
            steps::data.eq(&step.data),
            steps::begun_at.eq(step.begun_at),
            steps::expires_at.eq(step.expires_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The step behind a hash, unless its time is over.
pub async fn get(
    conn: &mut Conn,
    stage: Stage,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Step>> {
    steps::table
        .find(hash)
        .filter(steps::stage.eq(stage.as_str()))
        .filter(steps::expires_at.gt(now))
        .select(Step::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// Takes a step, with the transaction if there is one; whether it was there: of two that come at once, one gets it.
pub async fn take(conn: &mut Conn, step: &Step, now: DateTime<Utc>) -> Result<bool> {
    let there = steps::table
        .find(&step.hash)
        .filter(steps::expires_at.gt(now));
    let taken = diesel::delete(there).execute(conn).await.stored()?;
    Ok(taken > 0)
}

/// Gives a step until another instant.
pub async fn prolong(conn: &mut Conn, step: &Step, until: DateTime<Utc>) -> Result<()> {
    diesel::update(steps::table.find(&step.hash))
        .set(steps::expires_at.eq(until))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Forgets steps whose time was over at an instant.
pub async fn sweep(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    diesel::delete(steps::table.filter(steps::expires_at.le(before)))
        .execute(conn)
        .await
        .stored()
}
