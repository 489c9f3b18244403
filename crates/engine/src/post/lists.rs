use chrono::{DateTime, Utc};
use posthaste_core::{
    Result,
    access::Permission,
    ids::{PostId, TargetId},
};
use posthaste_store::{
    Conn, Page, PageRequest,
    post::{self, Filter, Post, Sort},
    target::{self as targets, Target},
    timeline::{self as timelines, Attempt, Step},
};
use uuid::Uuid;

use crate::{Actor, App};

/// The post with an id.
pub async fn get(app: &App, actor: &Actor, id: PostId) -> Result<Post> {
    actor.require(Permission::Read)?;
    post::get(&mut *app.db.get().await?, actor, id).await
}

/// A page of posts.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &Filter,
    sort: Sort,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Post>> {
    actor.require(Permission::Read)?;
    post::list(&mut *app.db.get().await?, actor, filter, sort, page).await
}

/// How many posts the filter leaves.
pub async fn count(app: &App, actor: &Actor, filter: &Filter) -> Result<i64> {
    actor.require(Permission::Read)?;
    post::count(&mut *app.db.get().await?, actor, filter).await
}

/// The target with an id.
pub async fn target(app: &App, actor: &Actor, id: TargetId) -> Result<Target> {
    actor.require(Permission::Read)?;
    targets::get(&mut *app.db.get().await?, actor, id).await
}

/// A page of targets, by due time or by creation.
pub async fn target_list(
    app: &App,
    actor: &Actor,
    filter: &targets::Filter,
    by_due: bool,
    descending: bool,
    page: &PageRequest<(Option<DateTime<Utc>>, Uuid)>,
) -> Result<Page<Target>> {
    actor.require(Permission::Read)?;
    targets::list(
        &mut *app.db.get().await?,
        actor,
        filter,
        by_due,
        descending,
        page,
    )
    .await
}

/// How many targets the filter leaves.
pub async fn target_count(app: &App, actor: &Actor, filter: &targets::Filter) -> Result<i64> {
    actor.require(Permission::Read)?;
    targets::count(&mut *app.db.get().await?, actor, filter).await
}

/// The attempts of targets, oldest first.
pub async fn attempts(app: &App, actor: &Actor, ids: &[TargetId]) -> Result<Vec<Attempt>> {
    actor.require(Permission::Read)?;
    let mut conn = app.db.get().await?;
    let ids = within(&mut conn, actor, ids).await?;
    timelines::attempts_of(&mut conn, actor.workspace, &ids).await
}

/// Of these targets those that the actor may see.
pub(crate) async fn within(
    conn: &mut Conn,
    actor: &Actor,
    ids: &[TargetId],
) -> Result<Vec<TargetId>> {
    if actor.reach.is_whole() {
        return Ok(ids.to_vec());
    }
    let rows = targets::by_ids(conn, actor, ids).await?;
    Ok(rows.iter().map(|row| row.id).collect())
}

/// The steps of targets that follow a position (0 is the beginning), each target's in order, at most `limit`
/// of each.
pub async fn steps(
    app: &App,
    actor: &Actor,
    ids: &[TargetId],
    after: i64,
    limit: i64,
) -> Result<Vec<Step>> {
    actor.require(Permission::Read)?;
    let mut conn = app.db.get().await?;
    let ids = within(&mut conn, actor, ids).await?;
    timelines::steps_after(&mut conn, actor.workspace, &ids, after, limit).await
}

/// All attempts and steps of targets, in order: the answer to "why?".
pub async fn timeline(
    app: &App,
    actor: &Actor,
    ids: &[TargetId],
) -> Result<(Vec<Attempt>, Vec<Step>)> {
    actor.require(Permission::Read)?;
    let mut conn = app.db.get().await?;
    let ids = within(&mut conn, actor, ids).await?;
    let attempts = timelines::attempts_of(&mut conn, actor.workspace, &ids).await?;
    let steps = timelines::steps_of(&mut conn, actor.workspace, &ids).await?;
    Ok((attempts, steps))
}

/// The posts with these ids, in no order; unknown and removed ones are left out.
pub async fn by_ids(app: &App, actor: &Actor, ids: &[PostId]) -> Result<Vec<Post>> {
    actor.require(Permission::Read)?;
    post::by_ids(&mut *app.db.get().await?, actor, ids).await
}

/// The targets with these ids, in no order; unknown ones are left out.
pub async fn targets_by_ids(app: &App, actor: &Actor, ids: &[TargetId]) -> Result<Vec<Target>> {
    actor.require(Permission::Read)?;
    targets::by_ids(&mut *app.db.get().await?, actor, ids).await
}

/// The targets of posts, each post's in order.
pub async fn targets_of_posts(app: &App, actor: &Actor, ids: &[PostId]) -> Result<Vec<Target>> {
    actor.require(Permission::Read)?;
    targets::of_posts(&mut *app.db.get().await?, actor, ids).await
}
