use std::collections::HashMap;

use chrono::{DateTime, Utc};
use posthaste_core::{
    Result,
    access::Permission,
    ids::{MediaId, TargetId, WorkspaceId},
    post::Problem,
    target::State,
};
use posthaste_store::{
    Conn, Scope, connection, media,
    post::{self, Post},
    target::{self, Target},
};

use super::{Pair, account, place, restamp, timed};
use crate::{
    Actor, App,
    post::{at_input, compose},
};

/// What stands in the way of a target as things are.
#[derive(Clone, Debug)]
pub struct Preflight {
    /// When it was looked at.
    pub checked_at: DateTime<Utc>,
    /// The problems; paths within the post's input.
    pub problems: Vec<Problem>,
}

/// What stands in the way of targets, with a few queries for all of them. A target that is on its way,
/// live or deleted has nothing in its way.
pub async fn preflight(
    app: &App,
    actor: &Actor,
    ids: &[TargetId],
) -> Result<HashMap<TargetId, Preflight>> {
    actor.require(Permission::Read)?;
    let mut conn = app.db.get().await?;
    let rows = target::by_ids(&mut conn, actor, ids).await?;
    let found = examine(app, &actor.into(), &mut conn, &rows).await?;
    let checked_at = app.now();
    let shown = rows.iter().zip(found).map(|(row, problems)| {
        let preflight = Preflight {
            checked_at,
            problems,
        };
        (row.id, preflight)
    });
    Ok(shown.collect())
}

/// All checks on targets of one workspace, in their order.
pub(super) async fn examine(
    app: &App,
    scope: &Scope,
    conn: &mut Conn,
    rows: &[Target],
) -> Result<Vec<Vec<Problem>>> {
    let waits = |row: &&Target| {
        use State::{Cancelled, Draft, Failed, Held, Scheduled};
        matches!(row.state, Draft | Scheduled | Held | Failed | Cancelled)
    };
    let waiting: Vec<&Target> = rows.iter().filter(waits).collect();
    let (posts, accounts, files) = gather(conn, scope.workspace, &waiting).await?;

    let mut stamped: Vec<Target> = Vec::new();
    let mut found: HashMap<TargetId, Vec<Problem>> = HashMap::new();
    for row in waiting {
        let (Some(post), Some(account)) =
            (posts.get(&row.post_id), accounts.get(&row.connection_id))
        else {
            continue;
        };
        found.insert(row.id, standing(app, row, post, account, &files));
        // Rows of older versions know neither words nor price yet.
        let mut row = row.clone();
        restamp(app, &post.body, account, &mut row);
        stamped.push(row);
    }
    let pairs: Vec<Pair<'_>> = stamped
        .iter()
        .filter_map(|row| Some((row, accounts.get(&row.connection_id)?)))
        .collect();
    let (timed, _) = timed(app, scope, conn, &pairs, false).await?;
    for ((row, _), problems) in pairs.iter().zip(timed) {
        found.entry(row.id).or_default().extend(problems);
    }
    let all = rows
        .iter()
        .map(|row| found.remove(&row.id).unwrap_or_default());
    Ok(all.collect())
}

type Gathered = (
    HashMap<posthaste_core::ids::PostId, Post>,
    HashMap<posthaste_core::ids::ConnectionId, connection::Connection>,
    HashMap<MediaId, media::Media>,
);

async fn gather(conn: &mut Conn, workspace: WorkspaceId, rows: &[&Target]) -> Result<Gathered> {
    let mut ids: Vec<_> = rows.iter().map(|row| row.post_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let posts = post::by_ids(conn, workspace, &ids).await?;
    let mut ids: Vec<_> = rows.iter().map(|row| row.connection_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let accounts = connection::by_ids(conn, workspace, &ids).await?;
    let mut ids: Vec<_> = posts
        .iter()
        .flat_map(|post| post.body.media_ids())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let files = media::by_ids(conn, workspace, &ids).await?;
    Ok((
        posts.into_iter().map(|post| (post.id, post)).collect(),
        accounts.into_iter().map(|row| (row.id, row)).collect(),
        files.into_iter().map(|row| (row.id, row)).collect(),
    ))
}

/// What does not depend on the time.
fn standing(
    app: &App,
    row: &Target,
    post: &Post,
    connection: &connection::Connection,
    media: &HashMap<MediaId, media::Media>,
) -> Vec<Problem> {
    let at: Vec<String> = place(row)
        .into_iter()
        .chain(["connectionId".to_owned()])
        .collect();
    let composed = compose(
        app,
        &post.body,
        connection,
        &row.settings,
        Some(row.id),
        media,
    );
    let has_media = !composed.rendition.media.is_empty();
    let mut problems = account(app, connection, has_media, &at);
    let index = usize::try_from(row.position).unwrap_or_default();
    problems.extend(at_input(&post.body, connection, index, composed.problems));
    problems
}
