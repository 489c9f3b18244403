//! The workspaces' data keys, wrapped by master keys.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{Result, ids::WorkspaceId, ports::Wrapped};
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    schema::{data_keys, workspaces},
};

/// A data key.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = data_keys)]
pub struct DataKey {
    /// Whose values it seals.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Its number in the workspace, from 1; the highest seals, all open.
    pub version: i32,
    /// Tells it apart from a key that took its number after a failover or a restore.
    pub id: Uuid,
    /// The master key that wraps it.
    pub master_key: String,
    /// What only that can unwrap.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl DataKey {
    /// What the master key needs to unwrap it.
    pub fn wrapping(&self) -> Wrapped {
        Wrapped {
            master_key: self.master_key.clone(),
            bytes: self.wrapped.clone(),
        }
    }
}

/// Adds a key; false when somebody else added this version first.
pub async fn insert(conn: &mut Conn, key: &DataKey) -> Result<bool> {
    let inserted = diesel::insert_into(data_keys::table)
        .values((
            data_keys::workspace_id.eq(key.workspace_id.uuid()),
            data_keys::version.eq(key.version),
            data_keys::id.eq(key.id),
            data_keys::master_key.eq(&key.master_key),
            data_keys::wrapped.eq(&key.wrapped),
            data_keys::created_at.eq(key.created_at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .stored()?;
    Ok(inserted == 1)
}

/// The key of a version.
pub async fn get(conn: &mut Conn, workspace: WorkspaceId, version: i32) -> Result<Option<DataKey>> {
    data_keys::table
        .find((workspace.uuid(), version))
        .select(DataKey::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// The key that a workspace seals with.
pub async fn newest(conn: &mut Conn, workspace: WorkspaceId) -> Result<Option<DataKey>> {
    data_keys::table
        .filter(data_keys::workspace_id.eq(workspace.uuid()))
        .order(data_keys::version.desc())
        .select(DataKey::as_select())
        .first(conn)
        .await
        .optional()
        .stored()
}

/// All keys of these workspaces, by workspace and version.
pub async fn of_workspaces(conn: &mut Conn, workspaces: &[WorkspaceId]) -> Result<Vec<DataKey>> {
    let ids: Vec<_> = workspaces.iter().map(|id| id.uuid()).collect();
    data_keys::table
        .filter(data_keys::workspace_id.eq_any(ids))
        .order((data_keys::workspace_id, data_keys::version))
        .select(DataKey::as_select())
        .load(conn)
        .await
        .stored()
}

/// How many keys each master key wraps.
pub async fn by_master(conn: &mut Conn) -> Result<Vec<(String, i64)>> {
    data_keys::table
        .group_by(data_keys::master_key)
        .order(data_keys::master_key)
        .select((data_keys::master_key, diesel::dsl::count_star()))
        .load(conn)
        .await
        .stored()
}

/// Keys after a place that another master key than `master` wraps, by workspace and version.
pub async fn under_others(
    conn: &mut Conn,
    master: &str,
    after: Option<(WorkspaceId, i32)>,
    limit: i64,
) -> Result<Vec<DataKey>> {
    let mut query = data_keys::table
        .filter(data_keys::master_key.ne(master))
        .order((data_keys::workspace_id, data_keys::version))
        .limit(limit)
        .select(DataKey::as_select())
        .into_boxed();
    if let Some((workspace, version)) = after {
        let id = workspace.uuid();
        query = query.filter(
            data_keys::workspace_id.gt(id).or(data_keys::workspace_id
                .eq(id)
                .and(data_keys::version.gt(version))),
        );
    }
    query.load(conn).await.stored()
}

/// Writes a key under another master key; false when somebody else did meanwhile.
pub async fn rewrap(conn: &mut Conn, key: &DataKey, wrapped: &Wrapped) -> Result<bool> {
    let row = data_keys::table
        .find((key.workspace_id.uuid(), key.version))
        .filter(data_keys::master_key.eq(&key.master_key));
    let changed = diesel::update(row)
        .set((
            data_keys::master_key.eq(&wrapped.master_key),
            data_keys::wrapped.eq(&wrapped.bytes),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(changed == 1)
}

/// Removes a key for good.
pub async fn remove(conn: &mut Conn, workspace: WorkspaceId, version: i32) -> Result<()> {
    diesel::delete(data_keys::table.find((workspace.uuid(), version)))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Workspaces after one, in the order of their ids.
pub async fn workspaces(
    conn: &mut Conn,
    after: Option<WorkspaceId>,
    limit: i64,
) -> Result<Vec<WorkspaceId>> {
    let after = after.map_or(Uuid::nil(), WorkspaceId::uuid);
    let ids: Vec<Uuid> = workspaces::table
        .filter(workspaces::id.gt(after))
        .order(workspaces::id)
        .limit(limit)
        .select(workspaces::id)
        .load(conn)
        .await
        .stored()?;
    Ok(ids.into_iter().map(WorkspaceId::from).collect())
}
