use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{Provenance, Result, access::Role, ids::WorkspaceId};

use crate::{
    Conn, StoreExt,
    schema::{api_keys, members},
};

/// What the author of a job may do in the workspace now; none when the key was revoked or has ended,
/// or the person is no longer a member.
pub async fn author_role(
    conn: &mut Conn,
    workspace: WorkspaceId,
    author: &Provenance,
    now: DateTime<Utc>,
) -> Result<Option<Role>> {
    let role: Option<String> = match author {
        Provenance::System => return Ok(Some(Role::Owner)),
        Provenance::Person { user } => {
            members::table
                .find((workspace.uuid(), user.uuid()))
                .select(members::role)
                .first(conn)
                .await
        }
        Provenance::Key { key } => {
            let open = api_keys::expires_at
                .is_null()
                .or(api_keys::expires_at.gt(now));
            api_keys::table
                .find(key.uuid())
                .filter(api_keys::workspace_id.eq(workspace.uuid()))
                .filter(api_keys::revoked_at.is_null())
                .filter(open)
                .select(api_keys::role)
                .first(conn)
                .await
        }
    }
    .optional()
    .stored()?;
    role.map(Role::try_from).transpose()
}
