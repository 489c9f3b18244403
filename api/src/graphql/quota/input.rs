use async_graphql::{ID, InputObject, MaybeUndefined};
use posthaste_core::{Error, ErrorCode};
use posthaste_engine::governor::Change;

use super::settings::{OverBudget, WhenFull};
use crate::graphql::post::Reader;

/// What to change; what is left out stays.
#[derive(InputObject)]
pub struct QuotaSettingsUpdateInput {
    /// What becomes of posts for which a network has no place left.
    when_full: Option<WhenFull>,
    /// What becomes of posts that would cost more than is left of a budget.
    over_budget: Option<OverBudget>,
    /// Most money that all connections together may cost in a calendar month; null takes the budget away.
    budget: MaybeUndefined<f64>,
    /// Budgets of single connections; those that are not named stay.
    connection_budgets: Option<Vec<ConnectionBudgetInput>>,
}

/// The budget of one connection.
#[derive(InputObject)]
pub struct ConnectionBudgetInput {
    /// The connection (`conn_…`).
    connection_id: ID,
    /// Most money in a calendar month; null takes the budget away.
    amount: Option<f64>,
}

impl QuotaSettingsUpdateInput {
    /// What to change, with what could not be read.
    pub(super) fn read(self) -> Change {
        let mut reader = Reader::default();
        let budget = match self.budget {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(amount) => Some(reader.take(millionths(amount, "budget"))),
        };
        let mut connections = Vec::new();
        let given = self.connection_budgets.unwrap_or_default();
        for (index, one) in given.into_iter().enumerate() {
            reader.within(&[&"connectionBudgets", &index], |reader| {
                let id = reader.id(&one.connection_id, "connectionId");
                let amount = one.amount.map(|amount| millionths(amount, "amount"));
                let amount = amount.and_then(|amount| reader.take(amount));
                connections.extend(id.map(|id| (id, amount)));
            });
        }
        Change {
            when_full: self.when_full.map(Into::into),
            over_budget: self.over_budget.map(Into::into),
            budget,
            connections,
            unread: reader.into_violations(),
        }
    }
}

fn millionths(amount: f64, field: &str) -> Result<i64, Error> {
    let exact = amount * 1_000_000.0;
    if (0.0..=1e15).contains(&exact) {
        return Ok(exact.round() as i64);
    }
    let message = "A budget is an amount from 0 to a billion.";
    Err(Error::new(ErrorCode::InvalidInput, message).at([field]))
}
