//! The worker asks before it sends.

use chrono::{DateTime, Utc};
use posthaste_core::{
    ErrorCode, Result,
    post::ContentKind,
    quota::{Cap, Month, OverBudget},
};
use posthaste_store::{
    Conn, budget, connection,
    connection::Connection,
    quota::{Window, in_windows},
    target::Target,
    workspace,
};

use super::{
    budget::{concerns, told},
    learn::{Full, full, said, since, used_up},
    outlay::caps,
};
use crate::{
    App,
    preflight::{Obstacle, Remedy},
};

/// Whether the network takes one more post of the account now. One target of a connection is on its way at
/// a time, so nobody else takes the place meanwhile.
pub(crate) async fn place(
    app: &App,
    conn: &mut Conn,
    target: &Target,
    connection: &Connection,
) -> Result<Option<Obstacle>> {
    if !app.quotas.enforce {
        return Ok(None);
    }
    let now = app.now();
    let caps: Vec<&Cap> = caps(app, target).collect();
    if caps.is_empty() {
        return Ok(None);
    }
    let said = said(app, conn, &[target.connection_id]).await?;
    let mut windows: Vec<Window> = caps.iter().map(|cap| gone(cap, target, now)).collect();
    windows.extend(said.iter().map(|reading| since(reading, target, now)));
    let times = in_windows(conn, target.workspace_id, &windows, now).await?;
    let (by_caps, by_network) = times.split_at(caps.len());
    let counted = caps.iter().zip(by_caps).filter_map(|(cap, times)| {
        let first = times.len().checked_sub(cap.posts as usize)?;
        let frees = times.get(first).map(|time| cap.resets_at(*time));
        Some(Full {
            posts: cap.posts,
            window_seconds: cap.window_seconds,
            of_kind: cap.kind.is_some(),
            until: frees.unwrap_or(now + cap.window()),
        })
    });
    let told = said.iter().zip(by_network).filter_map(|(reading, times)| {
        Some(Full {
            posts: reading.said.posts,
            window_seconds: reading.said.window_seconds,
            of_kind: false,
            until: used_up(reading, times.len(), now)?,
        })
    });
    // What the whole line waits for first: only behind it matters what the kind waits for.
    let longest = counted
        .chain(told)
        .max_by_key(|limit| (!limit.of_kind, limit.until));
    match longest {
        Some(limit) => full(conn, target, connection, &limit, now).await.map(Some),
        None => Ok(None),
    }
}

/// What went live in the window that ends now.
fn gone(cap: &Cap, target: &Target, now: DateTime<Utc>) -> Window {
    Window {
        connection: target.connection_id,
        kind: cap.kind.map(ContentKind::as_str),
        since: now - cap.window(),
        until: now + chrono::TimeDelta::microseconds(1),
        scheduled: false,
        except: None,
    }
}

/// Whether there is money for a target; asked in the transaction that commits its intent, with the budgets
/// locked, so that no two posts are paid from the same rest. Where the workspace asks a person, one who saw
/// that the money is gone and sends it all the same has decided.
pub(crate) async fn afford(
    app: &App,
    conn: &mut Conn,
    target: &Target,
) -> Result<Option<Obstacle>> {
    let Some(price) = target.price.filter(|price| *price > 0) else {
        return Ok(None);
    };
    let mut budgets = budget::lock(conn, target.workspace_id).await?;
    budgets.retain(|budget| concerns(budget, target.connection_id));
    if budgets.is_empty() {
        return Ok(None);
    }
    let home = workspace::get(conn, target.workspace_id).await?;
    if target.budget_ok && home.over_budget == OverBudget::Hold {
        return Ok(None);
    }
    let now = app.now();
    let month = Month::of(now, &home.time_zone)?;
    let asked: Vec<_> = budgets
        .iter()
        .map(|budget| (budget.connection, month))
        .collect();
    let spent = budget::spent(conn, target.workspace_id, &asked, target.id, now).await?;
    let over = budgets.iter().zip(spent).find_map(|(budget, spent)| {
        let total = spent.saturating_add(price);
        (total > budget.amount).then_some((budget, total))
    });
    let Some((budget, total)) = over else {
        return Ok(None);
    };
    let account = connection::get(conn, target.workspace_id, target.connection_id).await?;
    let remedy = match home.over_budget {
        OverBudget::Hold => Remedy::Hold,
        OverBudget::Fail => Remedy::Fail,
    };
    Ok(Some(Obstacle {
        remedy,
        code: ErrorCode::BudgetExceeded,
        message: told(budget, &account, total),
    }))
}
