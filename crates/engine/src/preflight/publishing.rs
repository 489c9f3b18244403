//! The last look, by the worker that is about to publish.

use chrono::{DateTime, Utc};
use posthaste_core::{ErrorCode, Result, post::PostBody};
use posthaste_store::{
    Conn, connection::Connection, preflight::stamp as write_stamp, target::Target,
};

use super::{account, repeat, restamp};
use crate::{App, governor};

/// What is done about an obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Wait for a place under a limit.
    Wait {
        /// Until when.
        until: DateTime<Utc>,
        /// Only what is of the same kind waits; the rest of the line goes on.
        of_kind: bool,
    },
    /// Ask a person.
    Hold,
    /// Give up.
    Fail,
}

/// Why a target does not go out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub remedy: Remedy,
    pub code: ErrorCode,
    pub message: String,
}

/// What stands in the way of a claimed target besides its content, the first thing found. What a person
/// asked for by hand (a retry, a settlement) goes out although it is a repetition.
pub(crate) async fn before_publishing(
    app: &App,
    conn: &mut Conn,
    target: &mut Target,
    connection: &Connection,
    body: &PostBody,
) -> Result<Option<Obstacle>> {
    let has_media = !body.media_ids().is_empty();
    if let Some(problem) = account(app, connection, has_media, &[]).into_iter().next() {
        return Ok(Some(Obstacle {
            remedy: Remedy::Hold,
            code: problem.code,
            message: problem.message,
        }));
    }
    if restamp(app, body, connection, target) {
        write_stamp(conn, &[target]).await?;
    }
    if let Some(obstacle) = said_before(app, conn, target, connection).await? {
        return Ok(Some(obstacle));
    }
    governor::place(app, conn, target, connection).await
}

/// Only what may be live counts: what is scheduled later is judged when its turn comes.
async fn said_before(
    app: &App,
    conn: &mut Conn,
    target: &Target,
    connection: &Connection,
) -> Result<Option<Obstacle>> {
    if target.late_ok {
        return Ok(None);
    }
    let twin = repeat::refused(app, conn, target).await?;
    Ok(twin.map(|twin| Obstacle {
        remedy: Remedy::Hold,
        code: ErrorCode::PossibleDuplicate,
        message: repeat::told(connection, &twin, true),
    }))
}
