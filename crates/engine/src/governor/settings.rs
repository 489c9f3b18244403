use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    event::EventType,
    ids::ConnectionId,
    quota::{OverBudget, WhenFull},
};
use posthaste_store::{
    Conn,
    budget::{self, Budget},
    connection, event, place, workspace,
};
use serde_json::json;

use crate::{Actor, App, post::Violations};

/// Most budget in a month, in millionths of the currency: a billion.
const MOST: i64 = 1_000_000_000_000_000;

/// What a workspace decided about places and money.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What becomes of posts for which a network has no place left.
    pub when_full: WhenFull,
    /// What becomes of posts for which no money is left.
    pub over_budget: OverBudget,
    /// The budgets, that of the whole workspace first.
    pub budgets: Vec<Budget>,
}

/// A change of the settings; what is left out stays.
#[derive(Debug, Default)]
pub struct Change {
    /// What becomes of posts for which a network has no place left.
    pub when_full: Option<WhenFull>,
    /// What becomes of posts for which no money is left.
    pub over_budget: Option<OverBudget>,
    /// The budget of the whole workspace, or none.
    pub budget: Option<Option<i64>>,
    /// Budgets of connections, or none.
    pub connections: Vec<(ConnectionId, Option<i64>)>,
    /// What the caller could not read, told together with what the rules forbid.
    pub unread: Violations,
}

/// The settings of the caller's workspace.
pub async fn settings(app: &App, actor: &Actor) -> Result<Settings> {
    actor.require(Permission::Read)?;
    read(&mut *app.db.get().await?, actor).await
}

async fn read(conn: &mut Conn, actor: &Actor) -> Result<Settings> {
    let home = workspace::get(conn, actor.workspace).await?;
    Ok(Settings {
        when_full: home.when_full,
        over_budget: home.over_budget,
        budgets: shown(actor, budget::of(conn, actor.workspace).await?),
    })
}

/// The budgets that an actor may see: whoever is limited sees those of the own connections.
fn shown(actor: &Actor, mut budgets: Vec<Budget>) -> Vec<Budget> {
    budgets.retain(|budget| match budget.connection {
        Some(connection) => actor.reach.has(connection),
        None => actor.reach.is_whole(),
    });
    budgets
}

/// Changes the settings. What is scheduled already stays; it is judged anew when its time comes, and what
/// waits for a place at once.
pub async fn update(app: &App, actor: &Actor, mut change: Change) -> Result<Settings, Violations> {
    actor.require(Permission::ManageBudgets).map_err(one)?;
    let mut tx = app.db.begin().await.map_err(one)?;
    let mut violations = std::mem::take(&mut change.unread);
    violations.extend(judge(&mut tx, actor, &change).await.map_err(one)?);
    if !violations.is_empty() {
        return Err(violations);
    }
    let settings = write(app, &mut tx, actor, &change).await.map_err(one)?;
    tx.commit().await.map_err(one)?;
    app.hints.committed();
    Ok(settings)
}

async fn judge(conn: &mut Conn, actor: &Actor, change: &Change) -> Result<Violations> {
    let mut violations = Violations::new();
    if let Some(Some(amount)) = change.budget {
        violations.extend(refused(amount).map(|error| error.at(["budget"])));
    }
    let ids: Vec<_> = change.connections.iter().map(|(id, _)| *id).collect();
    let known = connection::by_ids(conn, actor, &ids).await?;
    for (index, (id, amount)) in change.connections.iter().enumerate() {
        let at = |field: &str| {
            [
                "connectionBudgets".to_owned(),
                index.to_string(),
                field.to_owned(),
            ]
        };
        if !known.iter().any(|row| row.id == *id) {
            violations.push(Error::not_found("connection").at(at("connectionId")));
        } else if ids[..index].contains(id) {
            let message = "This connection has a budget in the list already.";
            let twice = Error::new(ErrorCode::InvalidInput, message);
            violations.push(twice.at(at("connectionId")).about(id));
        }
        let bad = amount.and_then(refused);
        violations.extend(bad.map(|error| error.at(at("amount"))));
    }
    Ok(violations)
}

fn one(error: Error) -> Violations {
    vec![error]
}

fn refused(amount: i64) -> Option<Error> {
    let message = "A budget is an amount from 0 to a billion.";
    (!(0..=MOST).contains(&amount)).then(|| Error::new(ErrorCode::InvalidInput, message))
}

async fn write(app: &App, conn: &mut Conn, actor: &Actor, change: &Change) -> Result<Settings> {
    let now = app.now();
    // Lines before budgets, as everybody locks them.
    place::end_waits(conn, actor.workspace, now).await?;
    workspace::set_policies(conn, actor.workspace, change.when_full, change.over_budget).await?;
    budget::lock(conn, actor.workspace).await?;
    if let Some(amount) = change.budget {
        budget::set(conn, actor.workspace, None, amount, now).await?;
    }
    for (connection, amount) in &change.connections {
        budget::set(conn, actor.workspace, Some(*connection), *amount, now).await?;
    }
    let settings = read(conn, actor).await?;
    let budget =
        |budget: &Budget| json!({ "connectionId": budget.connection, "amount": budget.amount });
    let data = json!({
        "budgets": settings.budgets.iter().map(budget).collect::<Vec<_>>(),
        "whenFull": settings.when_full.as_str(),
        "overBudget": settings.over_budget.as_str(),
    });
    let event = app.event(actor, EventType::QuotaSettingsUpdated, data);
    event::append(conn, actor.workspace, &[event]).await?;
    Ok(settings)
}
