use chrono::{DateTime, Utc};
use diesel::{dsl::sql, prelude::*, sql_types::Text};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Error, Provenance, Result,
    access::PermissionSet,
    ids::{OauthAppId, WorkspaceId},
};
use uuid::Uuid;

use crate::{
    Conn, Json, Page, PageRequest, Slice, StoreExt,
    page::TimeOrder,
    schema::{oauth_apps as table, workspaces},
};

/// An app of others; its secret is not kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct OauthApp {
    /// Id, which is its `client_id`.
    #[diesel(deserialize_as = Uuid)]
    pub id: OauthAppId,
    /// The workspace that registered it.
    #[diesel(deserialize_as = Uuid)]
    pub workspace_id: WorkspaceId,
    /// Name.
    pub name: String,
    /// Where it may be answered.
    pub redirect_uris: Vec<String>,
    /// The most that it may ask for.
    #[diesel(deserialize_as = Vec<String>)]
    pub permissions: PermissionSet,
    /// The keyed hash of its secret, if it can keep one.
    pub secret_hash: Option<Vec<u8>>,
    /// Grows with each change.
    pub version: i32,
    /// Who registered it.
    pub provenance: Json<Provenance>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

impl OauthApp {
    /// Whether it can keep a secret.
    pub fn is_confidential(&self) -> bool {
        self.secret_hash.is_some()
    }
}

/// Adds an app.
pub async fn insert_app(conn: &mut Conn, row: &OauthApp) -> Result<()> {
    diesel::insert_into(table::table)
        .values((
            table::id.eq(row.id.uuid()),
            table::workspace_id.eq(row.workspace_id.uuid()),
            table::name.eq(&row.name),
            table::redirect_uris.eq(&row.redirect_uris),
            table::permissions.eq(row.permissions.names()),
            table::secret_hash.eq(&row.secret_hash),
            table::version.eq(row.version),
            table::provenance.eq(&row.provenance),
            table::created_at.eq(row.created_at),
            table::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
        .stored_unless_taken("This app exists already.")?;
    Ok(())
}

/// The app with an id, whichever workspace registered it.
pub async fn named_app(conn: &mut Conn, id: OauthAppId) -> Result<Option<(OauthApp, String)>> {
    table::table
        .inner_join(workspaces::table.on(workspaces::id.eq(table::workspace_id)))
        .filter(table::id.eq(id.uuid()))
        .filter(workspaces::deleted_at.is_null())
        .select((OauthApp::as_select(), workspaces::name))
        .first(conn)
        .await
        .optional()
        .stored()
}

/// A workspace's app; `NOT_FOUND` for another's.
pub async fn app(conn: &mut Conn, workspace: WorkspaceId, id: OauthAppId) -> Result<OauthApp> {
    let found = table::table
        .find(id.uuid())
        .filter(table::workspace_id.eq(workspace.uuid()))
        .select(OauthApp::as_select())
        .first(conn)
        .await;
    found.optional().stored()?.ok_or_else(unknown)
}

/// As [`app`], locked for a change.
pub async fn lock_app(conn: &mut Conn, workspace: WorkspaceId, id: OauthAppId) -> Result<OauthApp> {
    let found = table::table
        .find(id.uuid())
        .filter(table::workspace_id.eq(workspace.uuid()))
        .select(OauthApp::as_select())
        .for_update()
        .first(conn)
        .await;
    found.optional().stored()?.ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::not_found("app")
}

/// Writes what may be changed of an app.
pub async fn update_app(conn: &mut Conn, row: &OauthApp) -> Result<()> {
    diesel::update(table::table.find(row.id.uuid()))
        .filter(table::workspace_id.eq(row.workspace_id.uuid()))
        .set((
            table::name.eq(&row.name),
            table::redirect_uris.eq(&row.redirect_uris),
            table::permissions.eq(row.permissions.names()),
            table::version.eq(row.version),
            table::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Gives an app another secret.
pub async fn set_secret(conn: &mut Conn, row: &OauthApp) -> Result<()> {
    diesel::update(table::table.find(row.id.uuid()))
        .filter(table::workspace_id.eq(row.workspace_id.uuid()))
        .set((
            table::secret_hash.eq(&row.secret_hash),
            table::version.eq(row.version),
            table::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// Removes an app, and with it all that people let it do.
pub async fn delete_app(conn: &mut Conn, workspace: WorkspaceId, id: OauthAppId) -> Result<()> {
    diesel::delete(table::table.find(id.uuid()))
        .filter(table::workspace_id.eq(workspace.uuid()))
        .execute(conn)
        .await
        .stored()?;
    Ok(())
}

/// A page of a workspace's apps in the order in which they were registered.
pub async fn list_apps(
    conn: &mut Conn,
    workspace: WorkspaceId,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<OauthApp>> {
    let order = TimeOrder {
        table: "oauth_apps",
        column: "oauth_apps.created_at",
        descending: false,
    };
    let mut query = table::table
        .filter(table::workspace_id.eq(workspace.uuid()))
        .select(OauthApp::as_select())
        .into_boxed();
    for condition in order.within(page) {
        query = query.filter(condition);
    }
    let rows = query
        .order(sql::<Text>(&order.terms(page)))
        .limit(page.limit + 1)
        .load(conn)
        .await
        .stored()?;
    Ok(Slice::cut(rows, page))
}

/// How many apps a workspace has.
pub async fn count_apps(conn: &mut Conn, workspace: WorkspaceId) -> Result<i64> {
    table::table
        .filter(table::workspace_id.eq(workspace.uuid()))
        .count()
        .get_result(conn)
        .await
        .stored()
}
