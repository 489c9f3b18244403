//! What networks say about their limits corrects what is counted: the lower of both holds.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    ErrorCode, Result,
    connector::{Ctx, LimitReading, Session},
    ids::ConnectionId,
    quota::{Cap, WhenFull, used_until},
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
/// A place that comes so soon is waited for under either policy: a post goes live somewhat after its time,
/// so that a place that was promised exactly then comes somewhat later.
const SOON: TimeDelta = TimeDelta::minutes(15);

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

/// What is said about the whole app is for nobody to keep: it blocks the network by itself.
async fn keep(app: &App, target: &Target, said: &LimitReading) -> Result<()> {
    if said.app_wide {
        return Ok(());
    }
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
    (left == 0).then(|| resets_at(&reading.said, now))
}

/// What networks said about some accounts and still holds.
pub(super) async fn said(
    app: &App,
    conn: &mut Conn,
    connections: &[ConnectionId],
) -> Result<Vec<Reading>> {
    if !app.quotas.enforce {
        return Ok(Vec::new());
    }
    let mut said = quota_reading::of(conn, connections).await?;
    said.retain(|reading| holds(reading, app.now()));
    Ok(said)
}

/// Adds posts of others to those of a connection that count under a cap (`times`, in order): so many that
/// no more places are left than the network said. They are gone when its limit resets.
pub(super) fn with_others(
    said: &[Reading],
    connection: ConnectionId,
    cap: &Cap,
    times: &mut Vec<DateTime<Utc>>,
    now: DateTime<Utc>,
) {
    let about_it = |reading: &&Reading| {
        reading.connection == Some(connection)
            && reading.said.window_seconds == cap.window_seconds
            && cap.kind.is_none()
    };
    for reading in said.iter().filter(about_it) {
        let ours = used_until(times, reading.read_at, cap.window());
        let used = cap.posts.saturating_sub(reading.said.remaining);
        let others = used.saturating_sub(ours) as usize;
        let at = resets_at(&reading.said, now) - cap.window();
        let place = times.partition_point(|time| *time <= at);
        times.splice(place..place, std::iter::repeat_n(at, others));
    }
}

/// When a limit resets, as the network says; never later than a whole window from now.
fn resets_at(said: &LimitReading, now: DateTime<Utc>) -> DateTime<Utc> {
    let longest = now + TimeDelta::seconds(i64::from(said.window_seconds));
    let until = said.resets_at.filter(|reset| *reset > now);
    until.unwrap_or(now + UNSAID).min(longest)
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
    let limit = Full {
        posts: said.posts,
        window_seconds: said.window_seconds,
        of_kind: false,
        until: resets_at(&said, now),
    };
    full(conn, target, connection, &limit, now).await.map(Some)
}

/// A limit under which no place is left.
pub(super) struct Full {
    pub posts: u32,
    pub window_seconds: u32,
    /// It counts only posts of the target's kind.
    pub of_kind: bool,
    /// When there is a place again.
    pub until: DateTime<Utc>,
}

/// No place is left: wait or fail, as the workspace chose.
pub(super) async fn full(
    conn: &mut Conn,
    target: &Target,
    connection: &Connection,
    limit: &Full,
    now: DateTime<Utc>,
) -> Result<Obstacle> {
    let waits = Remedy::Wait {
        until: limit.until,
        of_kind: limit.of_kind,
    };
    let remedy = match workspace::get(conn, target.workspace_id).await?.when_full {
        WhenFull::Fail if limit.until - now > SOON => Remedy::Fail,
        WhenFull::Wait | WhenFull::Fail => waits,
    };
    let what = match target.kind.as_deref().filter(|_| limit.of_kind) {
        Some(kind) => format!("posts of the kind {kind}"),
        None => "posts".to_owned(),
    };
    let message = format!(
        "{} has no place left for {}: it takes {} {what} within {} minutes.",
        target.network,
        connection.name,
        limit.posts,
        limit.window_seconds / 60
    );
    Ok(Obstacle {
        remedy,
        code: ErrorCode::QuotaExceeded,
        message,
    })
}

#[cfg(test)]
mod tests {
    use posthaste_core::{Network, quota::Scope};

    use super::*;

    #[test]
    fn posts_of_others_are_counted_until_the_limit_resets() {
        let now: DateTime<Utc> = "2027-01-04T08:00:00Z".parse().unwrap();
        let minutes = TimeDelta::minutes;
        let connection = ConnectionId::from(uuid::Uuid::nil());
        let cap = Cap {
            network: Network::X,
            scope: Scope::Account,
            kind: None,
            posts: 10,
            window_seconds: 3600,
            source: String::new(),
            date: String::new(),
        };
        let reading = |remaining| Reading {
            connection: Some(connection),
            said: LimitReading {
                window_seconds: 3600,
                posts: 10,
                remaining,
                resets_at: Some(now + minutes(20)),
                app_wide: false,
            },
            read_at: now - minutes(1),
        };
        let used = |remaining, at| {
            // Two were ours when the network was asked, one came later.
            let mut times = vec![now - minutes(30), now - minutes(5), now];
            with_others(&[reading(remaining)], connection, &cap, &mut times, now);
            assert!(times.is_sorted());
            used_until(&times, at, cap.window())
        };
        assert_eq!(used(8, now), 3);
        assert_eq!(used(3, now), 8);
        assert_eq!(used(0, now), 11);
        assert_eq!(used(0, now + minutes(20)), 3);
    }

    #[test]
    fn a_reset_in_another_century_is_waited_for_a_window() {
        let now: DateTime<Utc> = "2027-01-04T08:00:00Z".parse().unwrap();
        let resets_at = |resets_at| {
            let said = LimitReading {
                window_seconds: 86_400,
                posts: 100,
                remaining: 0,
                resets_at,
                app_wide: false,
            };
            super::resets_at(&said, now) - now
        };
        let weeks = Some(now + TimeDelta::weeks(5_000));
        assert_eq!(resets_at(weeks), TimeDelta::days(1));
        let hour = TimeDelta::hours(1);
        assert_eq!(resets_at(Some(now + hour)), hour);
        for unsaid in [None, Some(now - hour)] {
            assert_eq!(resets_at(unsaid), UNSAID);
        }
    }
}
