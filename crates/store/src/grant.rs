//! OAuth consents on their way.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Network, Result,
    ids::{GrantId, WorkspaceId},
};
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::grants};

/// How a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The person is on the network's page.
    Pending,
    /// Accounts can be chosen.
    Ready,
    /// The person said no.
    Denied,
    /// The network answered with an error.
    Failed,
    /// Accounts were chosen.
    Used,
}

impl Status {
    /// The name as the API and the database write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Ready => "READY",
            Self::Denied => "DENIED",
            Self::Failed => "FAILED",
            Self::Used => "USED",
        }
    }
}

impl TryFrom<String> for Status {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        [
            Self::Pending,
            Self::Ready,
            Self::Denied,
            Self::Failed,
            Self::Used,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| Error::internal(format!("unknown grant status {text}")))
    }
}

/// A consent.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = grants)]
pub struct Grant {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: GrantId,
    /// Workspace.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Network.
    #[diesel(deserialize_as = String)]
    pub network: Network,
    /// How it stands.
    #[diesel(deserialize_as = String)]
    pub status: Status,
    /// Hash of the `state` parameter.
    pub state_hash: Vec<u8>,
    /// Sealed PKCE verifier.
    pub verifier: Vec<u8>,
    /// Where to send the browser afterwards.
    pub return_to: Option<String>,
    /// The connection that is being reconnected.
    pub connection_id: Option<Uuid>,
    /// Sealed accounts, once the consent is given.
    pub accounts: Option<Vec<u8>>,
    /// What went wrong, for a person.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Adds a consent.
pub async fn insert(conn: &mut Conn, row: &Grant) -> Result<()> {
    diesel::insert_into(grants::table)
        .values((
            grants::id.eq(row.id.uuid()),
            grants::workspace_id.eq(row.workspace_id.uuid()),
            grants::network.eq(row.network.as_str()),
            grants::status.eq(row.status.as_str()),
            grants::state_hash.eq(&row.state_hash),
            grants::verifier.eq(&row.verifier),
            grants::return_to.eq(&row.return_to),
            grants::connection_id.eq(row.connection_id),
            grants::created_at.eq(row.created_at),
            grants::expires_at.eq(row.expires_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The consent with an id.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, id: GrantId) -> Result<Grant> {
    grants::table
        .filter(
            grants::workspace_id
                .eq(workspace.uuid())
                .and(grants::id.eq(id.uuid())),
        )
        .select(Grant::as_select())
        .first(conn)
        .await
        .optional()
        .stored()?
        .ok_or_else(|| Error::not_found("grant"))
}

/// As [`get`], locking the row until the transaction ends.
pub async fn lock(conn: &mut Conn, workspace: WorkspaceId, id: GrantId) -> Result<Grant> {
    grants::table
        .filter(
            grants::workspace_id
                .eq(workspace.uuid())
                .and(grants::id.eq(id.uuid())),
        )
        .select(Grant::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
        .stored()?
        .ok_or_else(|| Error::not_found("grant"))
}

/// The pending consent of a `state`, which is used up by this: a second callback finds nothing.
/// It stands as `FAILED` until [`finish`] says better, so that a crash in between leaves no open end.
pub async fn take_pending(
    conn: &mut Conn,
    state_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Grant>> {
    diesel::update(
        grants::table
            .filter(
                grants::state_hash
                    .eq(state_hash)
                    .and(grants::status.eq(Status::Pending.as_str())),
            )
            .filter(grants::expires_at.gt(now)),
    )
    .set((
        grants::status.eq(Status::Failed.as_str()),
        grants::error.eq("The consent was interrupted."),
    ))
    .returning(Grant::as_returning())
    .get_result(conn)
    .await
    .optional()
    .stored()
}

/// Writes what a consent came to.
pub async fn finish(
    conn: &mut Conn,
    id: GrantId,
    status: Status,
    accounts: Option<&[u8]>,
    error: Option<&str>,
) -> Result<()> {
    diesel::update(grants::table.find(id.uuid()))
        .set((
            grants::status.eq(status.as_str()),
            grants::accounts.eq(accounts),
            grants::error.eq(error),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
