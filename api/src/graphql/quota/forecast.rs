use async_graphql::Object;
use chrono::{DateTime, Utc};
use posthaste_core::quota::{CURRENCY, units};
use posthaste_engine::governor::{BudgetForecast, Forecast, WindowForecast};

use crate::graphql::{
    connection::Connection, network::ContentKind, post::Problem, scalars::Network,
};

/// How full the networks' limits and the budgets will be.
pub struct QuotaForecast(pub Forecast);

/// How full the networks' limits and the budgets will be.
#[Object]
impl QuotaForecast {
    /// When it was made.
    async fn checked_at(&self) -> DateTime<Utc> {
        self.0.checked_at
    }

    /// The beginning of the span.
    async fn from(&self) -> DateTime<Utc> {
        self.0.from
    }

    /// The end of the span.
    async fn to(&self) -> DateTime<Utc> {
        self.0.to
    }

    /// Each connection's limits, in the order of the connections, then those of this server's app. Networks
    /// that document none have none here.
    async fn windows(&self) -> Vec<QuotaWindow<'_>> {
        self.0.windows.iter().map(QuotaWindow).collect()
    }

    /// Each month of the span for the whole workspace, then for the connections with a budget.
    async fn budgets(&self) -> Vec<QuotaBudget<'_>> {
        self.0.budgets.iter().map(QuotaBudget).collect()
    }

    /// What could be done better: posts to spread, links to leave out, budgets to raise. Paths are those of
    /// the arguments.
    async fn advice(&self) -> Vec<Problem<'_>> {
        self.0.advice.iter().map(Problem::of).collect()
    }
}

/// How full a network's limit is and will be: so many posts within a rolling time.
pub struct QuotaWindow<'a>(&'a WindowForecast);

/// How full a network's limit is and will be: so many posts within a rolling time.
#[Object]
impl QuotaWindow<'_> {
    /// The account; null for a limit of this server's app, which counts the posts of all accounts.
    async fn connection(&self) -> Option<Connection> {
        self.0.connection.clone().map(Connection)
    }

    /// The network.
    async fn network(&self) -> Network {
        self.0.cap.network.into()
    }

    /// Only posts of this kind count; all when null.
    async fn kind(&self) -> Option<ContentKind> {
        self.0.cap.kind.map(Into::into)
    }

    /// Most posts within the window.
    async fn limit(&self) -> u32 {
        self.0.cap.posts
    }

    /// The length of the window.
    async fn window_seconds(&self) -> u32 {
        self.0.cap.window_seconds
    }

    /// Posts in the window that ends when the span begins.
    async fn used(&self) -> u32 {
        self.0.used
    }

    /// Posts that are scheduled within the span; null for a limit of the app, and where there are more than
    /// are counted.
    async fn reserved(&self) -> Option<u32> {
        self.0.reserved
    }

    /// Places that are free when the span begins.
    async fn free(&self) -> u32 {
        self.0.cap.remaining(self.0.used)
    }

    /// When the window is full for the first time within the span.
    async fn full_at(&self) -> Option<DateTime<Utc>> {
        self.0.full_at
    }

    /// The earliest instant of the span at which one more post fits, and none that is scheduled is pushed
    /// out; null when there is none.
    async fn next_free_at(&self) -> Option<DateTime<Utc>> {
        self.0.next_free_at
    }

    /// Where the limit is documented.
    async fn source(&self) -> &str {
        &self.0.cap.source
    }

    /// When that was read (ISO 8601).
    async fn source_date(&self) -> &str {
        &self.0.cap.date
    }
}

/// What a calendar month of the workspace's zone costs.
pub struct QuotaBudget<'a>(&'a BudgetForecast);

/// What a calendar month of the workspace's zone costs.
#[Object]
impl QuotaBudget<'_> {
    /// The connection; null for the whole workspace.
    async fn connection(&self) -> Option<Connection> {
        self.0.connection.clone().map(Connection)
    }

    /// The beginning of the month.
    async fn from(&self) -> DateTime<Utc> {
        self.0.month.from
    }

    /// The end of the month.
    async fn to(&self) -> DateTime<Utc> {
        self.0.month.to
    }

    /// The budget; null when none is set.
    async fn budget(&self) -> Option<f64> {
        self.0.amount.map(units)
    }

    /// What live posts have cost, and posts on their way will.
    async fn spent(&self) -> f64 {
        units(self.0.spending.spent)
    }

    /// What scheduled posts will cost.
    async fn reserved(&self) -> f64 {
        units(self.0.spending.reserved)
    }

    /// Both together.
    async fn forecast(&self) -> f64 {
        units(self.0.spending.total())
    }

    /// What is left of the budget after both, below zero when it is too little; null when none is set.
    async fn left(&self) -> Option<f64> {
        let left = |amount: i64| units(amount.saturating_sub(self.0.spending.total()));
        self.0.amount.map(left)
    }

    /// The currency (ISO 4217).
    async fn currency(&self) -> &'static str {
        CURRENCY
    }
}
