//! The same words on the same account twice within hours.

use posthaste_core::{
    ErrorCode, Result,
    ids::WorkspaceId,
    post::{Problem, Severity},
    preflight::{DUPLICATE_WINDOW, REFUSAL_WINDOW, is_text_alone},
};
use posthaste_store::{
    Conn,
    connection::Connection,
    preflight::{Twin, Words, twins},
    target::Target,
};

use super::{Pair, place};
use crate::App;

/// Repetitions, looked for with one query; in the order of the pairs.
pub(super) async fn repeats(
    app: &App,
    workspace: WorkspaceId,
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
    let twins = twins(conn, workspace, &asked, DUPLICATE_WINDOW, app.now()).await?;
    for (index, twin) in places.into_iter().zip(twins) {
        let (row, connection) = pairs[index];
        found[index] = twin.map(|twin| problem(app, row, connection, &twin));
    }
    Ok(found)
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
fn problem(app: &App, row: &Target, connection: &Connection, twin: &Twin) -> Problem {
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
            told(connection, twin),
            place(row),
        )
    }
}

/// The repetition in words.
pub(super) fn told(connection: &Connection, twin: &Twin) -> String {
    let at = twin.at.format("%-d %B %Y at %H:%M UTC");
    let verb = if twin.live { "went" } else { "goes" };
    format!(
        "{} ({}) says the same twice: {} {verb} out on {at}.",
        connection.name, connection.network, twin.post
    )
}
