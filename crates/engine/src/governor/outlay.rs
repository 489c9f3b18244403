//! What scheduled targets use up: places under the networks' caps, and money.

use chrono::{DateTime, Utc};
use posthaste_core::{
    ErrorCode, Result,
    ids::WorkspaceId,
    post::{ContentKind, Problem, Severity},
    quota::{Cap, Scope, WhenFull, fullest, units, used_until},
    target::State,
};
use posthaste_store::{
    Conn,
    connection::Connection,
    quota::{Window, in_windows},
    target::Target,
    workspace,
};

use super::{
    budget,
    learn::{said, with_others},
};
use crate::{
    App,
    preflight::{Pair, place},
};

/// How full a network's cap is when a target is due.
#[derive(Clone, Debug)]
pub struct QuotaUse {
    /// The account.
    pub connection: Connection,
    /// The cap.
    pub cap: Cap,
    /// Posts in the window that ends when the target is due, the target among them.
    pub used: u32,
    /// When the oldest of them leaves the window.
    pub resets_at: Option<DateTime<Utc>>,
}

/// What a network charges for a target.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The account.
    pub connection: Connection,
    /// Millionths of [`posthaste_core::quota::CURRENCY`]; nothing when no price is known.
    pub amount: Option<i64>,
    /// Whether it is the price of a post with a link, more than one without it.
    pub has_link: bool,
}

/// What publishing some targets would use up.
#[derive(Clone, Debug, Default)]
pub struct Outlay {
    /// The caps of those that are scheduled and have one.
    pub quota: Vec<QuotaUse>,
    /// What each of them costs.
    pub charges: Vec<Charge>,
    /// What forbids it or a person should know, each with the place among the pairs.
    pub(crate) problems: Vec<(usize, Problem)>,
}

/// What publishing these targets would use up, with one query for all places and one for all money; what is
/// not scheduled uses nothing. The rows may be written already or not yet.
pub(crate) async fn outlay(
    app: &App,
    workspace: WorkspaceId,
    conn: &mut Conn,
    pairs: &[Pair<'_>],
    exact: bool,
) -> Result<Outlay> {
    let scheduled: Vec<(usize, Pair<'_>)> = pairs
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, (row, _))| row.state == State::Scheduled)
        .collect();
    let mut outlay = Outlay::default();
    count(app, workspace, conn, &scheduled, &mut outlay).await?;
    for (index, pair) in &scheduled {
        charge(app, *index, *pair, &mut outlay);
    }
    let over = budget::over(app, workspace, conn, &scheduled, exact).await?;
    outlay.problems.extend(over);
    Ok(outlay)
}

/// A cap that counts a target, and when it is due.
struct Capped<'a> {
    index: usize,
    pair: Pair<'a>,
    cap: &'a Cap,
    at: DateTime<Utc>,
}

async fn count(
    app: &App,
    workspace: WorkspaceId,
    conn: &mut Conn,
    scheduled: &[(usize, Pair<'_>)],
    outlay: &mut Outlay,
) -> Result<()> {
    let now = app.now();
    let mut capped = Vec::new();
    let mut windows = Vec::new();
    for &(index, pair) in scheduled {
        let Some(due) = pair.0.due_at else { continue };
        let at = due.max(now);
        for cap in caps(app, pair.0) {
            windows.push(window(cap, pair.0, at));
            capped.push(Capped {
                index,
                pair,
                cap,
                at,
            });
        }
    }
    if windows.is_empty() {
        return Ok(());
    }
    let times = in_windows(conn, workspace, &windows, now).await?;
    let lines: Vec<_> = windows.iter().map(|window| window.connection).collect();
    let said = said(app, conn, &lines).await?;
    let mut full = Vec::new();
    for (capped, mut times) in capped.iter().zip(times) {
        let (cap, at) = (capped.cap, capped.at);
        with_others(&said, capped.pair.0.connection_id, cap, &mut times, now);
        times.insert(times.partition_point(|time| *time <= at), at);
        let used = used_until(&times, at, cap.window());
        let oldest = times.iter().find(|time| **time > at - cap.window());
        outlay.quota.push(QuotaUse {
            connection: capped.pair.1.clone(),
            cap: cap.clone(),
            used,
            resets_at: oldest.map(|oldest| cap.resets_at(*oldest)),
        });
        let most = fullest(&times, at, cap.window());
        if most > cap.posts {
            full.push((capped, most));
        }
    }
    if !full.is_empty() {
        let policy = workspace::get(conn, workspace).await?.when_full;
        let problems = full
            .into_iter()
            .map(|(capped, most)| (capped.index, exceeded(app, capped, most, policy)));
        outlay.problems.extend(problems);
    }
    Ok(())
}

/// The caps that count a target.
pub(super) fn caps<'a>(app: &'a App, row: &Target) -> impl Iterator<Item = &'a Cap> + use<'a> {
    let kind = row.kind.as_deref().and_then(ContentKind::from_name);
    let kind = kind.unwrap_or_default();
    app.quotas
        .caps(row.network, Scope::Account)
        .filter(move |cap| cap.counts(kind))
}

/// Every window that holds `at`.
fn window(cap: &Cap, row: &Target, at: DateTime<Utc>) -> Window {
    Window {
        connection: row.connection_id,
        kind: cap.kind.map(ContentKind::as_str),
        since: at - cap.window(),
        until: at + cap.window(),
        scheduled: true,
        except: Some(row.id),
    }
}

fn exceeded(app: &App, capped: &Capped<'_>, most: u32, policy: WhenFull) -> Problem {
    let (row, connection) = capped.pair;
    let fails = policy == WhenFull::Fail && app.quotas.enforce;
    let then = if !app.quotas.enforce {
        "It goes out at its time all the same: this server only warns."
    } else if fails {
        "The workspace lets such posts fail."
    } else {
        "It waits until there is a place."
    };
    let message = format!(
        "There would be {most} posts of {} within {} minutes; {} takes {}. {then}",
        connection.name,
        capped.cap.window_seconds / 60,
        row.network,
        capped.cap.posts,
    );
    let severity = if fails {
        Severity::Error
    } else {
        Severity::Warning
    };
    Problem {
        severity,
        ..Problem::error(ErrorCode::QuotaExceeded, message, place(row))
    }
}

fn charge(app: &App, index: usize, (row, connection): Pair<'_>, outlay: &mut Outlay) {
    let price = app.quotas.price(row.network);
    let dearer = price
        .zip(row.price)
        .filter(|(price, amount)| price.is_for_link(*amount));
    if let Some((price, amount)) = dearer {
        let message = format!(
            "With its link the post costs {} {} on {}, without {}.",
            units(amount),
            posthaste_core::quota::CURRENCY,
            row.network,
            units(i64::from(price.post))
        );
        let warning = Problem::warning(ErrorCode::LinkCostsMore, message, place(row));
        outlay.problems.push((index, warning));
    }
    outlay.charges.push(Charge {
        connection: connection.clone(),
        amount: row.price,
        has_link: dearer.is_some(),
    });
}
