use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use posthaste_core::quota::{CURRENCY, units};
use posthaste_engine::{
    governor::{Charge, QuotaUse},
    post::Trial,
};

use super::preview::TargetPreview;
use crate::graphql::{connection::Connection, target::Target};

/// What a dry run would have done; nothing was written or sent.
#[derive(SimpleObject)]
pub struct DryRun {
    /// Each target concerned with the time and state it would have, in order.
    targets: Vec<Target>,
    /// What each of them would get, in the same order; empty when something is taken away.
    renditions: Vec<TargetPreview>,
    /// How full the networks' caps are when the targets are due; those without a time or a documented cap
    /// are left out.
    quota: Vec<Quota>,
    /// What the networks charge; empty when nothing would go out.
    cost: Option<Cost>,
}

/// How many posts a network takes from an account within a rolling time, and how many are there.
#[derive(SimpleObject)]
pub struct Quota {
    /// The account.
    connection: Connection,
    /// Most posts within the window.
    limit: u32,
    /// Posts of Posthaste, live and scheduled, in the window that ends when the target is due; the target
    /// is one of them.
    used: u32,
    /// How many more fit.
    remaining: u32,
    /// The length of the window.
    window_seconds: u32,
    /// When the oldest of them leaves the window.
    resets_at: Option<DateTime<Utc>>,
}

/// What the networks charge for publishing.
#[derive(SimpleObject)]
pub struct Cost {
    /// The sum of all known prices; null when none is known, which does not mean free.
    amount: Option<f64>,
    /// The currency (ISO 4217).
    currency: &'static str,
    /// What each target costs, in order.
    items: Vec<CostItem>,
}

/// What a network charges for one target.
#[derive(SimpleObject)]
pub struct CostItem {
    /// The account.
    connection: Connection,
    /// The price; null when none is known, which does not mean free.
    amount: Option<f64>,
    /// What it is the price of, for a person.
    reason: String,
}

impl From<Trial> for DryRun {
    fn from(trial: Trial) -> Self {
        Self {
            targets: trial.targets.into_iter().map(Target).collect(),
            renditions: trial.previews.into_iter().map(TargetPreview).collect(),
            quota: trial.outlay.quota.into_iter().map(Quota::from).collect(),
            cost: Cost::of(trial.outlay.charges),
        }
    }
}

impl From<QuotaUse> for Quota {
    fn from(found: QuotaUse) -> Self {
        Self {
            limit: found.cap.posts,
            used: found.used,
            remaining: found.cap.remaining(found.used),
            window_seconds: found.cap.window_seconds,
            resets_at: found.resets_at,
            connection: Connection(found.connection),
        }
    }
}

impl Cost {
    fn of(charges: Vec<Charge>) -> Option<Self> {
        if charges.is_empty() {
            return None;
        }
        let sum = charges
            .iter()
            .filter_map(|charge| charge.amount)
            .reduce(i64::saturating_add);
        Some(Self {
            amount: sum.map(units),
            currency: CURRENCY,
            items: charges.into_iter().map(CostItem::from).collect(),
        })
    }
}

impl From<Charge> for CostItem {
    fn from(charge: Charge) -> Self {
        let network = charge.connection.network;
        let reason = match (charge.amount, charge.has_link) {
            (None, _) => format!("No price of {network} is known."),
            (Some(_), true) => format!("A post with a link on {network}."),
            (Some(_), false) => format!("A post on {network}."),
        };
        Self {
            connection: Connection(charge.connection),
            amount: charge.amount.map(units),
            reason,
        }
    }
}
