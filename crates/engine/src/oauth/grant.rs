use chrono::TimeDelta;
use posthaste_core::{
    Error, Provenance, Result,
    access::Permission,
    event::EventType,
    ids::{ConnectionId, OauthAppId, OauthGrantId},
    secret::Secret,
};
use posthaste_store::{
    Page, PageRequest, Tx, event,
    oauth::{self as rows, Filter, Holder, OauthApp, OauthGrant},
};
use serde_json::{Value, json};

use super::{Key, refusal::Failure};
use crate::{
    Actor, App,
    session::token::{Kind, Line, Token},
};

/// How long codes and grants that are over are known.
const KEPT: TimeDelta = TimeDelta::days(1);

/// Whose grants somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The own ones, in all workspaces.
    Own,
    /// Everybody's in the workspace.
    Everybodys,
}

/// Why a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Somebody took it back.
    Revoked,
    /// The app gave it back.
    GivenBack,
    /// The app was removed.
    AppDeleted,
    /// Its code came twice.
    CodeReused,
    /// A refresh token came twice.
    RefreshReused,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "REVOKED",
            Self::GivenBack => "GIVEN_BACK",
            Self::AppDeleted => "APP_DELETED",
            Self::CodeReused => "CODE_REUSED",
            Self::RefreshReused => "REFRESH_REUSED",
        }
    }
}

/// What is told of a grant.
pub(super) fn told(row: &OauthGrant, app: &str, why: Option<Why>) -> Value {
    let connections = row.connection_ids.as_ref();
    let connections: Option<Vec<ConnectionId>> =
        connections.map(|ids| ids.iter().copied().map(ConnectionId::from).collect());
    json!({
        "grantId": row.id, "appId": row.app_id, "app": app, "userId": row.user_id,
        "permissions": row.permissions.names(), "connectionIds": connections, "reason": why.map(Why::as_str),
    })
}

/// Ends a grant for what the server itself found, and the transaction with it.
pub(super) async fn end(app: &App, mut tx: Tx, id: OauthGrantId, why: Why) -> Result<()> {
    if let Some(row) = rows::lock_grant(&mut tx, id).await? {
        let actor = Actor::system(row.workspace_id);
        ended(app, &mut tx, &actor, &row, why).await?;
    }
    tx.commit().await?;
    app.hints.events();
    Ok(())
}

/// Ends a grant and says so where it worked.
pub(super) async fn ended(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    row: &OauthGrant,
    why: Why,
) -> Result<()> {
    rows::revoke_grant(tx, row.id).await?;
    let name = rows::named_app(tx, row.app_id).await?;
    let name = name.map(|(app, _)| app.name).unwrap_or_default();
    let event = app.event(
        actor,
        EventType::OauthGrantRevoked,
        told(row, &name, Some(why)),
    );
    event::append(tx, row.workspace_id, &[event]).await
}

fn filter(actor: &Actor, whose: Whose) -> Result<Filter> {
    match whose {
        Whose::Own => Ok(Filter::Person(actor.signed_in()?.0)),
        Whose::Everybodys => {
            actor.require(Permission::ManageKeys)?;
            Ok(Filter::Workspace(actor.workspace))
        }
    }
}

/// A page of grants, the newest first: a person's own, or the workspace's for those who manage keys.
pub async fn list_grants(
    app: &App,
    actor: &Actor,
    whose: Whose,
    page: &PageRequest<Key>,
) -> Result<Page<(OauthGrant, Holder)>> {
    let filter = filter(actor, whose)?;
    let mut conn = app.everywhere().db.get().await?;
    rows::list_grants(&mut conn, filter, page, app.now()).await
}

/// How many grants the list has.
pub async fn count_grants(app: &App, actor: &Actor, whose: Whose) -> Result<i64> {
    let filter = filter(actor, whose)?;
    let mut conn = app.everywhere().db.get().await?;
    rows::count_grants(&mut conn, filter, app.now()).await
}

/// Takes a grant back: a signed-in person their own, whoever manages keys any of the workspace; from the next request
/// on it opens nothing.
pub async fn revoke(app: &App, actor: &Actor, id: OauthGrantId) -> Result<OauthGrantId> {
    let app = &app.everywhere();
    let mut tx = app.db.begin().await?;
    let found = rows::lock_grant(&mut tx, id).await?;
    let is_own = |row: &OauthGrant| actor.signed_in().is_ok_and(|(user, _)| user == row.user_id);
    let is_here = |row: &OauthGrant| row.workspace_id == actor.workspace;
    let manages = actor.may(Permission::ManageKeys);
    let row = found.filter(|row| is_own(row) || (manages && is_here(row)));
    let Some(row) = row else {
        if actor.signed_in().is_err() {
            actor.require(Permission::ManageKeys)?;
        }
        return Err(Error::not_found("grant").at(["id"]));
    };
    ended(app, &mut tx, actor, &row, Why::Revoked).await?;
    tx.commit().await?;
    app.hints.events();
    Ok(id)
}

/// Ends the grant of a token that its app gives back (RFC 7009). Whatever else the text is, nothing happens.
pub async fn forget(app: &App, client: &OauthApp, text: &Secret) -> Result<(), Failure> {
    let app = &app.everywhere();
    let kinds = [Kind::AppAccess, Kind::AppRefresh].into_iter();
    let mut read = kinds.filter_map(|kind| Token::read(kind, text.expose()));
    let Some(token) = read.next() else {
        return Ok(());
    };
    let mut tx = app.db.begin().await?;
    let found = rows::lock_grant(&mut tx, token.id.into()).await?;
    let Some(row) = found.filter(|row| row.app_id == client.id) else {
        return Ok(());
    };
    if token.is_of(&app.secret, &Line::from(&row))? {
        let by = Provenance::App {
            grant: row.id,
            app: row.app_id,
            user: row.user_id,
        };
        let mut actor = Actor::system(row.workspace_id);
        actor.provenance = by;
        ended(app, &mut tx, &actor, &row, Why::GivenBack).await?;
        tx.commit().await?;
        app.hints.events();
    }
    Ok(())
}

/// Ends all grants of an app that is to be removed. Those of one workspace are written after those of another,
/// in the order of ids, so that two removals wait for each other in one order.
pub(super) async fn end_all(app: &App, tx: &mut Tx, client: OauthAppId) -> Result<()> {
    for row in rows::lock_grants_of(tx, client).await? {
        let actor = Actor::system(row.workspace_id);
        ended(app, tx, &actor, &row, Why::AppDeleted).await?;
    }
    Ok(())
}

/// Forgets codes and grants that were over a day ago. Call it now and then.
pub async fn sweep(app: &App) -> Result<usize> {
    let before = app.now() - KEPT;
    let mut conn = app.db.get().await?;
    let codes = rows::sweep_codes(&mut conn, before).await?;
    Ok(codes + rows::sweep_grants(&mut conn, before).await?)
}
