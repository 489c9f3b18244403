//! Budgets against what targets cost.

use std::collections::BTreeMap;

use posthaste_core::{
    ErrorCode, Result,
    ids::{ConnectionId, WorkspaceId},
    post::{Problem, Severity},
    quota::{CURRENCY, Month, OverBudget, units},
};
use posthaste_store::{
    Conn,
    budget::{self, Budget, Spending},
    connection::Connection,
    workspace::{self, Workspace},
};

use crate::{
    App,
    preflight::{Pair, place},
};

/// Those of the scheduled targets that cost more than a budget leaves, with their place.
pub(super) async fn over(
    app: &App,
    workspace: WorkspaceId,
    conn: &mut Conn,
    scheduled: &[(usize, Pair<'_>)],
    exact: bool,
) -> Result<Vec<(usize, Problem)>> {
    let costs = |(_, (row, _)): &&(usize, Pair<'_>)| row.price.is_some_and(|price| price > 0);
    let priced: Vec<_> = scheduled.iter().filter(costs).collect();
    if priced.is_empty() {
        return Ok(Vec::new());
    }
    let budgets = if exact {
        budget::lock(conn, workspace).await?
    } else {
        budget::of(conn, workspace).await?
    };
    if budgets.is_empty() {
        return Ok(Vec::new());
    }
    let home = workspace::get(conn, workspace).await?;
    let now = app.now();
    let mut asked: BTreeMap<(Option<ConnectionId>, Month), &Budget> = BTreeMap::new();
    let mut months = Vec::new();
    for &&(index, (row, connection)) in &priced {
        let month = Month::of(row.due_at.unwrap_or(now).max(now), &home.time_zone)?;
        for budget in budgets
            .iter()
            .filter(|budget| concerns(budget, row.connection_id))
        {
            asked.insert((budget.connection, month), budget);
        }
        months.push((index, row, connection, month));
    }
    let keys: Vec<_> = asked.keys().copied().collect();
    let own: Vec<_> = priced.iter().map(|(_, (row, _))| row.id).collect();
    let others = budget::spending(conn, workspace, &keys, &own, now).await?;
    let total = |(of, month): &(Option<ConnectionId>, Month), others: Spending| {
        let mine = months
            .iter()
            .filter(|(_, row, _, when)| {
                when == month && of.is_none_or(|id| id == row.connection_id)
            })
            .filter_map(|(_, row, ..)| row.price);
        mine.fold(others.total(), i64::saturating_add)
    };
    let full: Vec<_> = asked
        .into_iter()
        .zip(others)
        .map(|((key, budget), others)| (key, budget, total(&key, others)))
        .filter(|(_, budget, total)| *total > budget.amount)
        .collect();
    let mut problems = Vec::new();
    for &(index, row, connection, month) in &months {
        let mine = full
            .iter()
            .find(|((of, when), ..)| *when == month && of.is_none_or(|id| id == row.connection_id));
        if let Some((_, budget, total)) = mine {
            let told = told(budget, connection, *total);
            let problem = Problem::error(ErrorCode::BudgetExceeded, told, place(row));
            problems.push((index, judged(problem, &home)));
        }
    }
    Ok(problems)
}

fn judged(problem: Problem, home: &Workspace) -> Problem {
    match home.over_budget {
        OverBudget::Fail => problem,
        OverBudget::Hold => Problem {
            severity: Severity::Warning,
            message: format!("{} A person is asked before it goes out.", problem.message),
            ..problem
        },
    }
}

/// Whether a budget is one for this connection.
pub(super) fn concerns(budget: &Budget, connection: ConnectionId) -> bool {
    budget.connection.is_none_or(|id| id == connection)
}

/// In words: what the month would cost, and what it may.
pub(super) fn told(budget: &Budget, connection: &Connection, total: i64) -> String {
    let whose = match budget.connection {
        Some(_) => connection.name.as_str(),
        None => "the workspace",
    };
    format!(
        "The month would cost {} {CURRENCY}; the budget of {whose} is {} {CURRENCY}.",
        units(total),
        units(budget.amount)
    )
}
