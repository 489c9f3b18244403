//! What networks say about their limits corrects what is counted: the lower of both holds.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    ErrorCode, Result,
    connector::{Ctx, LimitReading, Session},
    quota::WhenFull,
};
use posthaste_store::{
    Conn,
    connection::Connection,
    quota::Window,
    quota_reading::{self, Reading},
    target::Target,
    workspace,
};

use crate::{
    App,
    preflight::{Obstacle, Remedy},
};

/// How old an answer may be before a network is asked again.
const FRESH: TimeDelta = TimeDelta::minutes(5);
/// How long to wait for a place where the network does not say when there is one.
const UNSAID: TimeDelta = TimeDelta::minutes(15);

/// Keeps what the headers of an answer said about the limits of a target's account. What cannot be kept is
/// not worth a failure.
pub(crate) async fn learn(app: &App, target: &Target, said: &[LimitReading]) {
    if !app.quotas.enforce {
        return;
    }
    for reading in said {
        if let Err(error) = keep(app, target, reading).await {
            tracing::warn!(%error, target_id = %target.id, "cannot keep what the network said about its limit");
        }
    }
}

async fn keep(app: &App, target: &Target, said: &LimitReading) -> Result<()> {
    let conn = &mut *app.db.get().await?;
    quota_reading::keep(conn, target.network, target.connection_id, said, app.now()).await
}

/// What was said and still holds: until its reset. A network that names none is asked again.
pub(super) fn holds(reading: &Reading, now: DateTime<Utc>) -> bool {
    let length = TimeDelta::seconds(i64::from(reading.said.window_seconds));
    let ends = reading.said.resets_at.unwrap_or(reading.read_at + FRESH);
    now < ends.min(reading.read_at + length)
}

/// The posts that went live since something was said: they are not in it yet.
pub(super) fn since(reading: &Reading, target: &Target, now: DateTime<Utc>) -> Window {
    Window {
        connection: target.connection_id,
        kind: None,
        since: reading.read_at,
        until: now + TimeDelta::microseconds(1),
        scheduled: false,
        except: None,
    }
}

/// Until when to wait if nothing is left of what was said.
pub(super) fn used_up(
    reading: &Reading,
    live_since: usize,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let left = (reading.said.remaining as usize).saturating_sub(live_since);
    let until = reading.said.resets_at.filter(|reset| *reset > now);
    (left == 0).then(|| until.unwrap_or(now + UNSAID))
}

/// Asks the network how many posts are left, where it has a call for it and has not been asked for some
/// minutes. A network that does not answer keeps nothing from going out.
pub(crate) async fn ask(
    app: &App,
    ctx: &Ctx,
    session: &Session,
    target: &Target,
    connection: &Connection,
) -> Result<Option<Obstacle>> {
    let connector = app.connector(target.network);
    if !app.quotas.enforce || !connector.capabilities().tells_limit {
        return Ok(None);
    }
    let now = app.now();
    let known = quota_reading::of(&mut *app.db.get().await?, &[target.connection_id]).await?;
    if known.iter().any(|reading| reading.read_at + FRESH > now) {
        return Ok(None);
    }
    let said = match connector.publishing_limit(ctx, session).await {
        Ok(Some(said)) => said,
        Ok(None) => return Ok(None),
        Err(failure) => {
            tracing::info!(target_id = %target.id, message = failure.message, "the network does not tell its limit");
            return Ok(None);
        }
    };
    let conn = &mut *app.db.get().await?;
    quota_reading::keep(conn, target.network, target.connection_id, &said, now).await?;
    if said.remaining > 0 {
        return Ok(None);
    }
    let until = said.resets_at.unwrap_or(now + UNSAID);
    full(
        conn,
        target,
        connection,
        said.posts,
        said.window_seconds,
        until,
    )
    .await
    .map(Some)
}

/// No place is left: wait or fail, as the workspace chose.
pub(super) async fn full(
    conn: &mut Conn,
    target: &Target,
    connection: &Connection,
    posts: u32,
    window_seconds: u32,
    until: DateTime<Utc>,
) -> Result<Obstacle> {
    let remedy = match workspace::get(conn, target.workspace_id).await?.when_full {
        WhenFull::Wait => Remedy::Wait(until),
        WhenFull::Fail => Remedy::Fail,
    };
    let message = format!(
        "{} has no place left for {}: it takes {posts} posts within {} minutes.",
        target.network,
        connection.name,
        window_seconds / 60
    );
    Ok(Obstacle {
        remedy,
        code: ErrorCode::QuotaExceeded,
        message,
    })
}
