use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use posthaste_core::Network;
use serde_json::Value;

use super::super::{ground::Ground, spread::quantile};

/// Network and the network's id of an account.
pub type Account = (Network, String);

/// Compares what was ordered with what is on the walls.
#[derive(Default)]
pub struct Judge {
    /// When the post with this text is due on an account.
    ordered: HashMap<(Account, String), DateTime<Utc>>,
    /// How many of the walls' posts were looked at.
    seen: usize,
}

impl Judge {
    pub fn expect(&mut self, text: &str, due: DateTime<Utc>, accounts: Vec<Account>) {
        for account in accounts {
            self.ordered.insert((account, text.to_owned()), due);
        }
    }

    pub fn expected(&self) -> usize {
        self.ordered.len()
    }

    pub async fn on_the_walls(&self, ground: &Ground) -> anyhow::Result<usize> {
        Ok(ground.control.log().await?.len())
    }

    /// Every order is on its wall once and in order. Prints how late those are that came since the last
    /// call, and returns within how many seconds 99 of 100 of them came.
    pub async fn compare(&mut self, ground: &Ground) -> anyhow::Result<f64> {
        let walls = ground.control.log().await?;
        let mut times = HashMap::new();
        let mut last = HashMap::new();
        let (mut twice, mut disorder, mut unordered) = (0, 0, 0);
        let mut late = BTreeMap::<&str, Vec<f64>>::new();
        for (place, wall) in walls.iter().enumerate() {
            let (account, text, accepted) = read(wall)?;
            let key = (account.clone(), text.clone());
            let Some(due) = self.ordered.get(&key) else {
                unordered += 1;
                continue;
            };
            let count = times.entry(key).or_insert(0);
            *count += 1;
            twice += usize::from(*count > 1);
            // Posts due at the same moment go out in the order of their ids, which is that of writing.
            let before = last.insert(account.clone(), *due);
            disorder += usize::from(before.is_some_and(|before| before > *due));
            if place >= self.seen {
                let seconds = (accepted - *due).num_milliseconds() as f64 / 1000.0;
                late.entry(account.0.as_str()).or_default().push(seconds);
            }
        }
        self.seen = walls.len();
        let lost = self.ordered.len() - times.len();
        println!(
            "  on the walls {}, lost {lost}, twice {twice}, out of order {disorder}",
            walls.len()
        );
        let mut all: Vec<f64> = late.values().flatten().copied().collect();
        for (network, late) in &mut late {
            println!("  {network:<10} {}", spread(late));
        }
        println!("  {:<10} {}", "all", spread(&mut all));
        ensure!(
            lost + twice + disorder + unordered == 0,
            "not every target went out exactly once and in order ({unordered} that nobody ordered)"
        );
        Ok(quantile(&all, 0.99))
    }
}

fn spread(late: &mut [f64]) -> String {
    late.sort_by(f64::total_cmp);
    format!(
        "accepted after its time: p50 {:.3} s, p99 {:.3} s, max {:.3} s; earliest {:.3} s",
        quantile(late, 0.5),
        quantile(late, 0.99),
        quantile(late, 1.0),
        quantile(late, 0.0)
    )
}

fn read(wall: &Value) -> anyhow::Result<(Account, String, DateTime<Utc>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let network = wall["network"].as_str().context("no network")?.parse()?;
    let account = text(&wall["account"]["id"]).context("no account")?;
    let words = text(&wall["text"]).context("no text")?;
    let accepted = wall["acceptedAt"].as_str().context("no time")?.parse()?;
    Ok(((network, account), words, accepted))
}
