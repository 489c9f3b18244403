use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use posthaste_core::{
    Error,
    ids::ConnectionId,
    quota::{CURRENCY, units},
};
use posthaste_engine::governor::Settings;

use crate::graphql::{connection::Connection, context::loader};

/// What becomes of a post for which a network has no place left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_core::quota::WhenFull")]
pub enum WhenFull {
    /// It waits until there is one; scheduling only warns.
    Wait,
    /// It is refused when it is scheduled, and fails when its time comes.
    Fail,
}

/// What becomes of a post that would cost more than is left of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "posthaste_core::quota::OverBudget")]
pub enum OverBudget {
    /// A person is asked when its time comes; scheduling only warns.
    Hold,
    /// It is refused when it is scheduled, and fails when its time comes.
    Fail,
}

/// What a workspace decided about places under the networks' limits, and about money.
pub struct QuotaSettings(pub Settings);

/// The budget of one connection.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ConnectionBudget {
    #[graphql(skip)]
    id: ConnectionId,
    /// Most money in a calendar month of the workspace's zone.
    amount: f64,
}

#[async_graphql::ComplexObject]
impl ConnectionBudget {
    /// The connection.
    async fn connection(&self, ctx: &Context<'_>) -> Result<Connection> {
        let row = loader(ctx)?.load_one(self.id).await?;
        Ok(row
            .map(Connection)
            .ok_or_else(|| Error::not_found("connection"))?)
    }
}

/// What a workspace decided about places under the networks' limits, and about money.
#[Object]
impl QuotaSettings {
    /// What becomes of posts for which a network has no place left.
    async fn when_full(&self) -> WhenFull {
        self.0.when_full.into()
    }

    /// What becomes of posts that would cost more than is left of a budget.
    async fn over_budget(&self) -> OverBudget {
        self.0.over_budget.into()
    }

    /// Most money that all connections together may cost in a calendar month of the workspace's zone; null
    /// when nothing is set.
    async fn budget(&self) -> Option<f64> {
        let whole = self.0.budgets.iter();
        whole
            .filter(|budget| budget.connection.is_none())
            .map(|budget| units(budget.amount))
            .next()
    }

    /// The budgets of single connections.
    async fn connection_budgets(&self) -> Vec<ConnectionBudget> {
        let of_one = |budget: &posthaste_store::budget::Budget| {
            Some(ConnectionBudget {
                id: budget.connection?,
                amount: units(budget.amount),
            })
        };
        self.0.budgets.iter().filter_map(of_one).collect()
    }

    /// The currency of all amounts (ISO 4217).
    async fn currency(&self) -> &'static str {
        CURRENCY
    }
}
