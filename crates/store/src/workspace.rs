//! Workspaces.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Result,
    ids::WorkspaceId,
    quota::{OverBudget, WhenFull},
};
use uuid::Uuid;

use crate::{
    Conn, StoreExt,
    schema::{event_heads, workspaces},
};

/// A workspace.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = workspaces)]
pub struct Workspace {
    /// Id.
    #[diesel(deserialize_as = Uuid)]
    pub id: WorkspaceId,
    /// Name.
    pub name: String,
    /// IANA zone that local times are read in by default.
    pub time_zone: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// What becomes of posts for which a network has no place left.
    #[diesel(deserialize_as = String)]
    pub when_full: WhenFull,
    /// What becomes of posts for which no money is left.
    #[diesel(deserialize_as = String)]
    pub over_budget: OverBudget,
    /// Since when it is to be erased.
    pub deleted_at: Option<DateTime<Utc>>,
    /// When it is erased.
    pub erase_at: Option<DateTime<Utc>>,
    /// Whether people open it only with a second factor.
    pub second_factor_required: bool,
}

/// Says whether people open a workspace only with a second factor.
pub async fn set_second_factor_required(
    conn: &mut Conn,
    id: WorkspaceId,
    required: bool,
) -> Result<()> {
    diesel::update(workspaces::table.find(id.uuid()))
        .set(workspaces::second_factor_required.eq(required))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Adds a workspace and the head of its event log.
pub async fn insert(conn: &mut Conn, workspace: &Workspace) -> Result<()> {
    diesel::insert_into(workspaces::table)
        .values((
            workspaces::id.eq(workspace.id.uuid()),
            workspaces::name.eq(&workspace.name),
            workspaces::time_zone.eq(&workspace.time_zone),
            workspaces::created_at.eq(workspace.created_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("A workspace with this id exists already.")?;
    diesel::insert_into(event_heads::table)
        .values((
            event_heads::workspace_id.eq(workspace.id.uuid()),
            event_heads::seq.eq(0),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Whether there is any workspace. Until the transaction ends nobody else can add one or ask this.
pub async fn any_for_update(conn: &mut Conn) -> Result<bool> {
    diesel::sql_query("LOCK TABLE workspaces IN SHARE ROW EXCLUSIVE MODE")
        .execute(conn)
        .await
        .stored()?;
    diesel::select(diesel::dsl::exists(
        workspaces::table.select(workspaces::id),
    ))
    .get_result(conn)
    .await
    .stored()
}

/// The workspace with an id.
pub async fn get(conn: &mut Conn, id: WorkspaceId) -> Result<Workspace> {
    workspaces::table
        .find(id.uuid())
        .select(Workspace::as_select())
        .first(conn)
        .await
        .optional()
        .stored()?
        .ok_or_else(|| Error::not_found("workspace"))
}

/// Holds a workspace until the transaction ends: nobody else decides about its members meanwhile.
pub async fn hold(conn: &mut Conn, id: WorkspaceId) -> Result<()> {
    let found: Option<Uuid> = workspaces::table
        .find(id.uuid())
        .select(workspaces::id)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()
        .stored()?;
    found.map(drop).ok_or_else(|| Error::not_found("workspace"))
}

/// Says since when a workspace is to be erased and when, or takes it back.
pub async fn set_deleted(
    conn: &mut Conn,
    id: WorkspaceId,
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
) -> Result<()> {
    let (deleted_at, erase_at) = times.unzip();
    diesel::update(workspaces::table.find(id.uuid()))
        .set((
            workspaces::deleted_at.eq(deleted_at),
            workspaces::erase_at.eq(erase_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// The workspace after another whose time to be erased has come, with that time; longest due first.
pub async fn next_to_erase(
    conn: &mut Conn,
    now: DateTime<Utc>,
    after: Option<(DateTime<Utc>, WorkspaceId)>,
) -> Result<Option<(DateTime<Utc>, WorkspaceId)>> {
    let mut query = workspaces::table
        .filter(workspaces::erase_at.le(now))
        .order((workspaces::erase_at, workspaces::id))
        .select((workspaces::erase_at.assume_not_null(), workspaces::id))
        .into_boxed();
    if let Some((at, id)) = after {
        let later = workspaces::erase_at.gt(at);
        let at_once = workspaces::erase_at
            .eq(at)
            .and(workspaces::id.gt(id.uuid()));
        query = query.filter(later.or(at_once));
    }
    let found: Option<(DateTime<Utc>, Uuid)> = query.first(conn).await.optional().stored()?;
    Ok(found.map(|(at, id)| (at, id.into())))
}

/// Removes a workspace that is to be erased, with all that is left of it, unless somebody else did. Its content
/// must be gone before ([`crate::content::remove_some`]).
pub async fn erase(conn: &mut Conn, id: WorkspaceId) -> Result<bool> {
    let marked = workspaces::table
        .find(id.uuid())
        .filter(workspaces::erase_at.is_not_null());
    let gone = diesel::delete(marked).execute(conn).await.stored()?;
    Ok(gone > 0)
}

/// Writes what becomes of posts without a place or without money; what is left out stays.
pub async fn set_policies(
    conn: &mut Conn,
    id: WorkspaceId,
    when_full: Option<WhenFull>,
    over_budget: Option<OverBudget>,
) -> Result<()> {
    if when_full.is_none() && over_budget.is_none() {
        return Ok(());
    }
    diesel::update(workspaces::table.find(id.uuid()))
        .set((
            when_full.map(|policy| workspaces::when_full.eq(policy.as_str())),
            over_budget.map(|policy| workspaces::over_budget.eq(policy.as_str())),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}
