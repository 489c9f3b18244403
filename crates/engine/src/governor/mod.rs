//! The governor: how many posts a network takes, and how much money they may cost.
//!
//! Nothing is reserved beside the targets: a scheduled target is the reservation of its place and its
//! money, from the transaction that schedules it until it is cancelled, moved, held, failed or live. Who
//! schedules holds the lock of the line (places) and of the budgets (money), so that two never take the
//! last one.

mod admit;
mod budget;
mod forecast;
mod learn;
mod outlay;
mod settings;

pub(crate) use admit::{afford, place};
pub use forecast::{BudgetForecast, Forecast, Span, WindowForecast, forecast};
pub(crate) use learn::{ask, learn};
pub(crate) use outlay::outlay;
pub use outlay::{Charge, Outlay, QuotaUse};
pub use settings::{Change, Settings, settings, update};
