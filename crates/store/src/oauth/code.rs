use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    access::PermissionSet,
    ids::{OauthAppId, OauthGrantId, UserId, WorkspaceId},
};
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::oauth_codes as table};

/// What a person agreed to, until the app fetches it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct Code {
    /// Where the app is to work.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// The app.
    #[diesel(deserialize_as = Uuid)]
    pub app_id: OauthAppId,
    /// Who agreed.
    #[diesel(deserialize_as = Uuid)]
    pub user_id: UserId,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// What the app has to know the origin of (RFC 7636).
    pub challenge: String,
    /// What it may do.
    #[diesel(deserialize_as = Vec<String>)]
    pub permissions: PermissionSet,
    /// With which connections; all of them without.
    pub connection_ids: Option<Vec<Uuid>>,
    /// Until when it is taken.
    pub expires_at: DateTime<Utc>,
    /// What it gave.
    pub grant_id: Option<Uuid>,
}

/// Keeps a code by its keyed hash.
pub async fn insert_code(conn: &mut Conn, hash: &[u8], row: &Code) -> Result<()> {
    diesel::insert_into(table::table)
        .values((
            table::hash.eq(hash),
            table::workspace_id.eq(row.workspace_id.uuid()),
            table::app_id.eq(row.app_id.uuid()),
            table::user_id.eq(row.user_id.uuid()),
            table::redirect_uri.eq(&row.redirect_uri),
            table::challenge.eq(&row.challenge),
            table::permissions.eq(row.permissions.names()),
            table::connection_ids.eq(&row.connection_ids),
            table::expires_at.eq(row.expires_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The code with a hash, which nobody else takes until the transaction ends.
pub async fn take_code(conn: &mut Conn, hash: &[u8]) -> Result<Option<Code>> {
    table::table
        .find(hash)
        .select(Code::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
        .stored()
}

/// Says what a code gave.
pub async fn mark_used(conn: &mut Conn, hash: &[u8], grant: OauthGrantId) -> Result<()> {
    diesel::update(table::table.find(hash))
        .set(table::grant_id.eq(grant.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Forgets codes that ended before an instant.
pub async fn sweep_codes(conn: &mut Conn, before: DateTime<Utc>) -> Result<usize> {
    diesel::delete(table::table.filter(table::expires_at.lt(before)))
        .execute(conn)
        .await
        .stored()
}
