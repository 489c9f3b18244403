//! What publishing would use up: places under the networks' caps, and money.

use chrono::{DateTime, Utc};
use posthaste_core::{
    ErrorCode, Result,
    post::Problem,
    quota::{self, Cap},
    target::State,
};
use posthaste_store::{
    Conn,
    connection::Connection,
    quota::{Window, in_windows},
    target::Target,
};

use super::Preview;
use crate::{Actor, App};

/// How full a network's cap is when a target is due.
#[derive(Clone, Debug)]
pub struct QuotaUse {
    /// The account.
    pub connection: Connection,
    /// The cap.
    pub cap: &'static Cap,
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
    /// Millionths of [`quota::CURRENCY`]; nothing when no price is known.
    pub amount: Option<u32>,
    /// Whether it is the price of a post with a link.
    pub has_link: bool,
}

/// What publishing some targets would use up.
#[derive(Clone, Debug, Default)]
pub struct Outlay {
    /// The caps of those that are scheduled and have one.
    pub quota: Vec<QuotaUse>,
    /// What each of them costs.
    pub charges: Vec<Charge>,
    /// What a person should know about either.
    pub warnings: Vec<Problem>,
}

/// A target with its place among the input's, and what its connection would get.
type Looked<'a> = (usize, &'a Target, &'a Preview);

/// What publishing these targets would use up, counted with one query; drafts use nothing.
pub(super) async fn outlay(
    app: &App,
    actor: &Actor,
    conn: &mut Conn,
    targets: &[Target],
    previews: &[Preview],
) -> Result<Outlay> {
    let looked: Vec<Looked<'_>> = targets
        .iter()
        .enumerate()
        .filter(|(_, row)| row.state == State::Scheduled)
        .filter_map(|(index, row)| {
            let preview = previews
                .iter()
                .find(|preview| preview.connection.id == row.connection_id)?;
            Some((index, row, preview))
        })
        .collect();
    let mut outlay = Outlay::default();
    count(conn, actor, &looked, &mut outlay).await?;
    for (index, row, preview) in looked {
        charge(app, index, row, preview, &mut outlay);
    }
    Ok(outlay)
}

async fn count(
    conn: &mut Conn,
    actor: &Actor,
    looked: &[Looked<'_>],
    outlay: &mut Outlay,
) -> Result<()> {
    let mut capped = Vec::new();
    for (index, row, preview) in looked {
        let Some((cap, until)) = quota::cap(row.network).zip(row.due_at) else {
            continue;
        };
        let window = Window {
            connection: row.connection_id,
            since: until - cap.window(),
            until,
        };
        capped.push((*index, cap, &preview.connection, window));
    }
    if capped.is_empty() {
        return Ok(());
    }
    let windows: Vec<_> = capped.iter().map(|(.., window)| *window).collect();
    let uses = in_windows(conn, actor.workspace, &windows).await?;
    for ((index, cap, connection, _), counted) in capped.into_iter().zip(uses) {
        let used = u32::try_from(counted.posts).unwrap_or(u32::MAX);
        outlay
            .warnings
            .extend(exceeded(index, cap, connection, used));
        outlay.quota.push(QuotaUse {
            connection: connection.clone(),
            cap,
            used,
            resets_at: counted.oldest.map(|oldest| cap.resets_at(oldest)),
        });
    }
    Ok(())
}

fn exceeded(index: usize, cap: &Cap, connection: &Connection, used: u32) -> Option<Problem> {
    let message = format!(
        "It would be post {used} of {} within {} minutes; {} takes {}.",
        connection.name,
        cap.window_seconds / 60,
        cap.network,
        cap.posts
    );
    (used > cap.posts).then(|| Problem::warning(ErrorCode::QuotaExceeded, message, place(index)))
}

fn charge(app: &App, index: usize, row: &Target, preview: &Preview, outlay: &mut Outlay) {
    let has_link = app.connector(row.network).has_link(&preview.text);
    let price = quota::price(row.network);
    if has_link
        && let Some(price) = price
        && price.link_costs_more()
    {
        let message = format!(
            "With its link the post costs {} {} on {}, without {}.",
            decimal(price.post_with_link),
            quota::CURRENCY,
            row.network,
            decimal(price.post)
        );
        let warning = Problem::warning(ErrorCode::LinkCostsMore, message, place(index));
        outlay.warnings.push(warning);
    }
    outlay.charges.push(Charge {
        connection: preview.connection.clone(),
        amount: price.map(|price| price.of(has_link)),
        has_link,
    });
}

fn place(index: usize) -> [String; 2] {
    ["targets".to_owned(), index.to_string()]
}

fn decimal(millionths: u32) -> f64 {
    f64::from(millionths) / 1_000_000.0
}
