//! The same words on the same account twice within hours.

use std::collections::HashSet;

use posthaste_core::{
    ErrorCode, Result,
    ids::PostId,
    post::{Problem, Severity},
    preflight::{DUPLICATE_WINDOW, REFUSAL_WINDOW, is_text_alone},
};
use posthaste_store::{
    Conn, Scope,
    connection::Connection,
    post,
    preflight::{Twin, Words, twins},
    target::Target,
};

use super::{Pair, place};
use crate::App;

/// Repetitions, looked for with one query; in the order of the pairs. Posts beyond the scope are not named.
pub(super) async fn repeats(
    app: &App,
    scope: &Scope,
    conn: &mut Conn,
    pairs: &[Pair<'_>],
) -> Result<Vec<Option<Problem>>> {
    let mut asked = Vec::new();
    let mut places = Vec::new();
    for (index, (row, _)) in pairs.iter().enumerate() {
        if let Some(words) = words(app, row, true) {
            asked.push(words);
            places.push(index);
        }
    }
    let mut found = vec![None; pairs.len()];
    let twins = twins(conn, scope.workspace, &asked, DUPLICATE_WINDOW, app.now()).await?;
    let seen = seen(conn, scope, &twins).await?;
    for (index, twin) in places.into_iter().zip(twins) {
        let (row, connection) = pairs[index];
        found[index] = twin.map(|twin| {
            let is_seen = seen.contains(&twin.post);
            problem(app, row, connection, &twin, is_seen)
        });
    }
    Ok(found)
}

/// Which of the other posts are within the scope.
async fn seen(conn: &mut Conn, scope: &Scope, twins: &[Option<Twin>]) -> Result<HashSet<PostId>> {
    let ids: Vec<PostId> = twins.iter().flatten().map(|twin| twin.post).collect();
    if scope.reach.is_whole() || ids.is_empty() {
        return Ok(ids.into_iter().collect());
    }
    let within = post::by_ids(conn, scope.clone(), &ids).await?;
    Ok(within.into_iter().map(|post| post.id).collect())
}

/// What is asked about a target.
pub(super) fn words(app: &App, row: &Target, scheduled: bool) -> Option<Words> {
    Some(Words {
        target: row.id,
        connection: row.connection_id,
        words: row.words.clone()?,
        at: row.due_at?.max(app.now()),
        scheduled,
    })
}

/// What a network surely refuses that is said before by what went live within [`REFUSAL_WINDOW`].
pub(super) async fn refused(app: &App, conn: &mut Conn, row: &Target) -> Result<Option<Twin>> {
    let words = words(app, row, false).filter(|_| may_be_refused(app, row));
    let asked: Vec<_> = words.into_iter().collect();
    let found = twins(conn, row.workspace_id, &asked, REFUSAL_WINDOW, app.now()).await?;
    Ok(found.into_iter().flatten().next())
}

/// Whether the network would refuse it as a repetition, were it one.
fn may_be_refused(app: &App, row: &Target) -> bool {
    let refuses = app.connector(row.network).capabilities().refuses_repeats;
    refuses && row.words.as_deref().is_some_and(is_text_alone)
}

/// An error where the network would surely refuse it; elsewhere a person may mean it.
fn problem(
    app: &App,
    row: &Target,
    connection: &Connection,
    twin: &Twin,
    is_seen: bool,
) -> Problem {
    let apart = row.due_at.map(|due| (twin.at - due.max(app.now())).abs());
    let close = apart.is_some_and(|apart| apart < REFUSAL_WINDOW);
    let severity = if close && may_be_refused(app, row) {
        Severity::Error
    } else {
        Severity::Warning
    };
    Problem {
        severity,
        ..Problem::error(
            ErrorCode::PossibleDuplicate,
            told(connection, twin, is_seen),
            place(row),
        )
    }
}

/// The repetition in words; the other post is named to those who see it.
pub(super) fn told(connection: &Connection, twin: &Twin, is_seen: bool) -> String {
    let post = if is_seen {
        twin.post.to_string()
    } else {
        "another post".to_owned()
    };
    let at = twin.at.format("%-d %B %Y at %H:%M UTC");
    let verb = if twin.live { "went" } else { "goes" };
    format!(
        "{} ({}) says the same twice: {post} {verb} out on {at}.",
        connection.name, connection.network
    )
}
