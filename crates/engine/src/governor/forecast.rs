//! How full the networks' caps and the budgets will be.

use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{
    Error, ErrorCode, Network, Result,
    access::Permission,
    ids::ConnectionId,
    post::{ContentKind, Problem},
    quota::{CURRENCY, Cap, Month, Scope, next_free, units, used_until},
};
use posthaste_store::{
    Conn,
    budget::{self, Budget, Spending},
    connection::{self, Connection},
    quota::{MOST as MOST_READ, Window, in_windows, live_on_network},
    workspace,
};

use super::{
    budget::told,
    learn::{said, with_others},
};
use crate::{Actor, App, post::Violations};

/// The longest span of a forecast, and the one when nothing is said.
const LONGEST: TimeDelta = TimeDelta::days(366);
const USUAL: TimeDelta = TimeDelta::days(30);
/// Most connections in one forecast.
const MOST: usize = 100;

/// What a forecast is about.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// From; now when nothing is said.
    pub from: Option<DateTime<Utc>>,
    /// Until; 30 days later when nothing is said.
    pub to: Option<DateTime<Utc>>,
}

/// How full a cap is and will be.
#[derive(Clone, Debug)]
pub struct WindowForecast {
    /// The account; none for a cap of the app.
    pub connection: Option<Connection>,
    /// The cap.
    pub cap: Cap,
    /// Posts in the window that ends at the beginning of the span.
    pub used: u32,
    /// Posts that are scheduled within the span; not known of the app, nor of more than are read.
    pub reserved: Option<u32>,
    /// When the window is full first.
    pub full_at: Option<DateTime<Utc>>,
    /// The earliest instant within the span at which one more post fits.
    pub next_free_at: Option<DateTime<Utc>>,
}

/// How much of a budget is used in a month.
#[derive(Clone, Debug)]
pub struct BudgetForecast {
    /// The connection; none for the whole workspace.
    pub connection: Option<Connection>,
    /// The month.
    pub month: Month,
    /// The budget, if there is one.
    pub amount: Option<i64>,
    /// What is spent and reserved.
    pub spending: Spending,
}

/// A forecast.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// When it was made.
    pub checked_at: DateTime<Utc>,
    /// The span.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// Each connection's caps in the order of the connections, then those of the app.
    pub windows: Vec<WindowForecast>,
    /// The workspace's months, then those of connections with a budget.
    pub budgets: Vec<BudgetForecast>,
    /// What could be done better.
    pub advice: Vec<Problem>,
}

/// How full caps and budgets will be, from what is live and what is scheduled.
pub async fn forecast(
    app: &App,
    actor: &Actor,
    ids: &[ConnectionId],
    span: &Span,
) -> Result<Forecast, Violations> {
    actor.require(Permission::Read).map_err(one)?;
    let now = app.now();
    let (from, to) = bounds(span, now)?;
    let mut conn = app.db.get().await.map_err(one)?;
    let accounts = accounts(&mut conn, actor, ids).await?;
    let made = async {
        let mut forecast = Forecast {
            checked_at: now,
            from,
            to,
            windows: Vec::new(),
            budgets: Vec::new(),
            advice: Vec::new(),
        };
        places(app, actor, &mut conn, &accounts, &mut forecast).await?;
        money(actor, &mut conn, &accounts, &mut forecast).await?;
        links(app, actor, &mut conn, &accounts, &mut forecast).await?;
        drop(conn);
        of_apps(app, &accounts, &mut forecast).await?;
        Ok(forecast)
    };
    made.await.map_err(one)
}

fn bounds(span: &Span, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), Violations> {
    let from = span.from.unwrap_or(now);
    let to = span.to.unwrap_or(from + USUAL);
    if to <= from || to - from > LONGEST {
        let message = "The span ends after it begins, at most 366 days later.";
        return Err(one(Error::new(ErrorCode::InvalidInput, message).at(["to"])));
    }
    Ok((from, to))
}

async fn accounts(
    conn: &mut Conn,
    actor: &Actor,
    ids: &[ConnectionId],
) -> Result<Vec<Connection>, Violations> {
    if ids.is_empty() || ids.len() > MOST {
        let message = format!("Name 1 to {MOST} connections.");
        let error = Error::new(ErrorCode::InvalidInput, message);
        return Err(one(error.at(["connectionIds"])));
    }
    let known = connection::by_ids(conn, actor, ids).await.map_err(one)?;
    let mut found = Vec::new();
    let mut violations = Violations::new();
    for (index, id) in ids.iter().enumerate() {
        match known.iter().find(|row| row.id == *id) {
            Some(row) if !ids[..index].contains(id) => found.push(row.clone()),
            Some(_) => {}
            None => {
                let at = ["connectionIds".to_owned(), index.to_string()];
                violations.push(Error::not_found("connection").at(at));
            }
        }
    }
    if violations.is_empty() {
        Ok(found)
    } else {
        Err(violations)
    }
}

async fn places(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    accounts: &[Connection],
    forecast: &mut Forecast,
) -> Result<()> {
    let (from, to) = (forecast.from, forecast.to);
    let mut asked = Vec::new();
    let mut windows = Vec::new();
    for (index, account) in accounts.iter().enumerate() {
        for cap in app.quotas.caps(account.network, Scope::Account) {
            windows.push(Window {
                connection: account.id,
                kind: cap.kind.map(ContentKind::as_str),
                since: from - cap.window(),
                until: to + cap.window(),
                scheduled: true,
                except: None,
            });
            asked.push((index, account, cap));
        }
    }
    let times = in_windows(conn, actor.workspace, &windows, app.now()).await?;
    let lines: Vec<_> = accounts.iter().map(|account| account.id).collect();
    let said = said(app, conn, &lines).await?;
    for ((index, account, cap), mut times) in asked.into_iter().zip(times) {
        with_others(&said, account.id, cap, &mut times, app.now());
        let full = |end: &&DateTime<Utc>| used_until(&times, **end, cap.window()) >= cap.posts;
        let inside = |time: &&DateTime<Utc>| **time >= from && **time < to;
        let reserved = times.iter().filter(|time| **time > from && **time < to);
        // More are not read: how many there are is not known then.
        let all = (times.len() as i64) < MOST_READ;
        let next = next_free(&times, from, cap.posts, cap.window());
        forecast.windows.push(WindowForecast {
            connection: Some(account.clone()),
            cap: cap.clone(),
            used: used_until(&times, from, cap.window()),
            reserved: u32::try_from(reserved.count()).ok().filter(|_| all),
            full_at: if used_until(&times, from, cap.window()) >= cap.posts {
                Some(from)
            } else {
                times.iter().filter(inside).find(full).copied()
            },
            next_free_at: next.filter(|at| *at < to),
        });
        if !all {
            let message = format!(
                "{} has more than {MOST_READ} posts in this time; what is due after the first of them is not counted. Ask for a shorter time.",
                account.name
            );
            let cut = Problem::warning(ErrorCode::QuotaExceeded, message, at(index));
            forecast.advice.push(cut);
        }
        let over: Vec<_> = times
            .iter()
            .filter(inside)
            .filter(|end| used_until(&times, **end, cap.window()) > cap.posts)
            .collect();
        if let Some(first) = over.first() {
            let message = format!(
                "{} posts of {} find no place in time: from {} on there are more than {} within {} minutes. Spread them over more time.",
                over.len(),
                account.name,
                first.format("%-d %B %Y %H:%M UTC"),
                cap.posts,
                cap.window_seconds / 60,
            );
            forecast.advice.push(Problem::warning(
                ErrorCode::QuotaExceeded,
                message,
                at(index),
            ));
        }
    }
    Ok(())
}

/// The caps of this server's registrations, for all workspaces together.
async fn of_apps(app: &App, accounts: &[Connection], forecast: &mut Forecast) -> Result<()> {
    let mut conn = app.everywhere().db.get().await?;
    let networks = Network::ALL
        .into_iter()
        .filter(|network| accounts.iter().any(|account| account.network == *network));
    for cap in networks.flat_map(|network| app.quotas.caps(network, Scope::App)) {
        let now = app.now();
        let used = live_on_network(&mut conn, cap.network, now - cap.window(), cap.posts).await?;
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        forecast.windows.push(WindowForecast {
            connection: None,
            cap: cap.clone(),
            used,
            reserved: None,
            full_at: (used >= cap.posts).then_some(now),
            next_free_at: (used < cap.posts).then_some(now),
        });
    }
    Ok(())
}

async fn money(
    actor: &Actor,
    conn: &mut Conn,
    accounts: &[Connection],
    forecast: &mut Forecast,
) -> Result<()> {
    let home = workspace::get(conn, actor.workspace).await?;
    let budgets = budget::of(conn, actor.workspace).await?;
    let mut months = vec![Month::of(forecast.from, &home.time_zone)?];
    while let Some(last) = months.last()
        && last.to < forecast.to
    {
        months.push(Month::of(last.to, &home.time_zone)?);
    }
    let amount = |of: Option<ConnectionId>| {
        let mine = budgets.iter().find(|budget| budget.connection == of);
        mine.map(|budget| budget.amount)
    };
    // The whole workspace's money is nothing for whoever is limited to some connections.
    let whole = months.iter().filter(|_| actor.reach.is_whole());
    let mut asked: Vec<(Option<usize>, Month)> = whole.map(|month| (None, *month)).collect();
    for (index, account) in accounts.iter().enumerate() {
        if amount(Some(account.id)).is_some() {
            asked.extend(months.iter().map(|month| (Some(index), *month)));
        }
    }
    let id = |index: Option<usize>| index.map(|index| accounts[index].id);
    let keys: Vec<_> = asked
        .iter()
        .map(|(index, month)| (id(*index), *month))
        .collect();
    let spending = budget::spending(conn, actor.workspace, &keys, &[], forecast.checked_at).await?;
    for ((index, month), spending) in asked.into_iter().zip(spending) {
        let amount = amount(id(index));
        let account = index.map(|index| &accounts[index]);
        if let Some(amount) = amount.filter(|amount| spending.total() > *amount) {
            let budget = Budget {
                connection: id(index),
                amount,
            };
            let name = account.unwrap_or(&accounts[0]);
            forecast.advice.push(Problem::warning(
                ErrorCode::BudgetExceeded,
                told(&budget, name, spending.total()),
                index.map(at).unwrap_or_default(),
            ));
        }
        forecast.budgets.push(BudgetForecast {
            connection: account.cloned(),
            month,
            amount,
            spending,
        });
    }
    Ok(())
}

/// What links make dearer.
async fn links(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    accounts: &[Connection],
    forecast: &mut Forecast,
) -> Result<()> {
    let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
    let priced = budget::priced(conn, actor.workspace, &ids, forecast.from, forecast.to).await?;
    for group in priced {
        let Some(index) = ids.iter().position(|id| *id == group.connection()) else {
            continue;
        };
        let account = &accounts[index];
        let price = app.quotas.price(account.network);
        let Some(price) = price.filter(|price| price.is_for_link(group.price)) else {
            continue;
        };
        let cost = |each: i64| units(each.saturating_mul(group.posts));
        let message = format!(
            "A link costs {} {CURRENCY} instead of {} on {}: the {} scheduled posts of {} with one cost {} {CURRENCY}, without it {}.",
            units(group.price),
            units(i64::from(price.post)),
            account.network,
            group.posts,
            account.name,
            cost(group.price),
            cost(i64::from(price.post)),
        );
        forecast.advice.push(Problem::warning(
            ErrorCode::LinkCostsMore,
            message,
            at(index),
        ));
    }
    Ok(())
}

fn at(index: usize) -> Vec<String> {
    vec!["connectionIds".to_owned(), index.to_string()]
}

fn one(error: Error) -> Violations {
    vec![error]
}
