//! Budgets, and the money that targets cost. Sums come from the targets themselves, so that nothing is
//! kept twice and nothing can drift.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, sql_types};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{ConnectionId, TargetId, WorkspaceId},
    quota::Month,
};
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::budgets};

/// Most money in a calendar month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The connection it is for; none for the whole workspace.
    pub connection: Option<ConnectionId>,
    /// Millionths of the currency.
    pub amount: i64,
}

/// What is spent and reserved in a month, in millionths of the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct Spending {
    /// Of live posts, and of posts on their way.
    #[diesel(sql_type = sql_types::Int8)]
    pub spent: i64,
    /// Of scheduled posts; those that are late belong to the present month.
    #[diesel(sql_type = sql_types::Int8)]
    pub reserved: i64,
}

impl Spending {
    /// Both.
    pub fn total(self) -> i64 {
        self.spent.saturating_add(self.reserved)
    }
}

/// The budgets of a workspace, that of the whole first.
pub async fn of(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<Budget>> {
    let rows = budgets::table
        .filter(budgets::workspace_id.eq(workspace.uuid()))
        .order(budgets::connection_id.asc().nulls_first())
        .select((budgets::connection_id, budgets::amount))
        .load::<(Option<Uuid>, i64)>(conn)
        .await
        .stored()?;
    Ok(rows.into_iter().map(Budget::from).collect())
}

/// As [`of`]; until the transaction ends nobody else decides by them. Lines are locked before.
pub async fn lock(conn: &mut Conn, workspace: WorkspaceId) -> Result<Vec<Budget>> {
    let rows = budgets::table
        .filter(budgets::workspace_id.eq(workspace.uuid()))
        .order(budgets::connection_id.asc().nulls_first())
        .select((budgets::connection_id, budgets::amount))
        .for_update()
        .load::<(Option<Uuid>, i64)>(conn)
        .await
        .stored()?;
    Ok(rows.into_iter().map(Budget::from).collect())
}

impl From<(Option<Uuid>, i64)> for Budget {
    fn from((connection, amount): (Option<Uuid>, i64)) -> Self {
        Self {
            connection: connection.map(ConnectionId::from),
            amount,
        }
    }
}

/// Sets a budget, or takes it away.
pub async fn set(
    conn: &mut Conn,
    workspace: WorkspaceId,
    connection: Option<ConnectionId>,
    amount: Option<i64>,
    now: DateTime<Utc>,
) -> Result<()> {
    let connection = connection.map(ConnectionId::uuid);
    match amount {
        Some(amount) => diesel::sql_query(SET)
            .bind::<sql_types::Uuid, _>(workspace.uuid())
            .bind::<sql_types::Nullable<sql_types::Uuid>, _>(connection)
            .bind::<sql_types::Int8, _>(amount)
            .bind::<sql_types::Timestamptz, _>(now)
            .execute(conn)
            .await
            .stored()?,
        None => diesel::delete(
            budgets::table
                .filter(budgets::workspace_id.eq(workspace.uuid()))
                .filter(budgets::connection_id.is_not_distinct_from(connection)),
        )
        .execute(conn)
        .await
        .stored()?,
    };
    Ok(())
}

/// The row stays the same one, so that whoever waits for its lock sees the new amount.
const SET: &str = "\
    INSERT INTO budgets (workspace_id, connection_id, amount, updated_at) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (workspace_id, connection_id) DO UPDATE SET amount = excluded.amount, updated_at = excluded.updated_at";

/// The money of scheduled targets is summed only where it is asked for.
const SPENDING: &str = "\
    SELECT spent.amount + sending.amount AS spent, reserved.amount AS reserved \
    FROM unnest($2, $3, $4) WITH ORDINALITY AS asked (connection_id, since, until, place), \
    LATERAL ( \
        SELECT coalesce(sum(price), 0)::bigint AS amount FROM targets \
        WHERE workspace_id = $1 AND (asked.connection_id IS NULL OR connection_id = asked.connection_id) \
          AND id <> ALL($6) \
          AND price > 0 AND published_at IS NOT NULL \
          AND published_at >= asked.since AND published_at < asked.until \
    ) AS spent, \
    LATERAL ( \
        SELECT coalesce(sum(price), 0)::bigint AS amount FROM targets \
        WHERE workspace_id = $1 AND (asked.connection_id IS NULL OR connection_id = asked.connection_id) \
          AND id <> ALL($6) \
          AND price > 0 AND state IN ('SCHEDULED', 'CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING') \
          AND state IN ('SENDING', 'UNCERTAIN', 'RECONCILING') \
          AND asked.since <= $5 AND asked.until > $5 \
    ) AS sending, \
    LATERAL ( \
        SELECT coalesce(sum(price), 0)::bigint AS amount FROM targets \
        WHERE $7 AND workspace_id = $1 AND (asked.connection_id IS NULL OR connection_id = asked.connection_id) \
          AND id <> ALL($6) \
          AND price > 0 AND state IN ('SCHEDULED', 'CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING') \
          AND state IN ('SCHEDULED', 'CLAIMED') \
          AND asked.until > $5 AND due_at < asked.until AND (due_at >= asked.since OR asked.since <= $5) \
    ) AS reserved \
    ORDER BY asked.place";

/// What each connection (or, without one, the workspace) spends in each month, in their order; the targets
/// in `except` are left out.
pub async fn spending(
    conn: &mut Conn,
    workspace: WorkspaceId,
    asked: &[(Option<ConnectionId>, Month)],
    except: &[TargetId],
    now: DateTime<Utc>,
) -> Result<Vec<Spending>> {
    sums(conn, workspace, asked, except, now, true).await
}

/// As [`spending`], without what is reserved: it may be a whole backlog.
pub async fn spent(
    conn: &mut Conn,
    workspace: WorkspaceId,
    asked: &[(Option<ConnectionId>, Month)],
    except: TargetId,
    now: DateTime<Utc>,
) -> Result<Vec<i64>> {
    let sums = sums(conn, workspace, asked, &[except], now, false).await?;
    Ok(sums.into_iter().map(|sum| sum.spent).collect())
}

async fn sums(
    conn: &mut Conn,
    workspace: WorkspaceId,
    asked: &[(Option<ConnectionId>, Month)],
    except: &[TargetId],
    now: DateTime<Utc>,
    reserved: bool,
) -> Result<Vec<Spending>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let connections: Vec<Option<Uuid>> = asked
        .iter()
        .map(|(connection, _)| connection.map(ConnectionId::uuid))
        .collect();
    let except: Vec<Uuid> = except.iter().map(|id| id.uuid()).collect();
    let since: Vec<_> = asked.iter().map(|(_, month)| month.from).collect();
    let until: Vec<_> = asked.iter().map(|(_, month)| month.to).collect();
    diesel::sql_query(SPENDING)
        .bind::<sql_types::Uuid, _>(workspace.uuid())
        .bind::<sql_types::Array<sql_types::Nullable<sql_types::Uuid>>, _>(connections)
        .bind::<sql_types::Array<sql_types::Timestamptz>, _>(since)
        .bind::<sql_types::Array<sql_types::Timestamptz>, _>(until)
        .bind::<sql_types::Timestamptz, _>(now)
        .bind::<sql_types::Array<sql_types::Uuid>, _>(except)
        .bind::<sql_types::Bool, _>(reserved)
        .load(conn)
        .await
        .stored()
}

/// Scheduled posts of a connection that cost the same.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Priced {
    #[diesel(sql_type = sql_types::Uuid)]
    connection_id: Uuid,
    /// Millionths of the currency.
    #[diesel(sql_type = sql_types::Int8)]
    pub price: i64,
    /// How many.
    #[diesel(sql_type = sql_types::Int8)]
    pub posts: i64,
}

impl Priced {
    /// The connection.
    pub fn connection(&self) -> ConnectionId {
        self.connection_id.into()
    }
}

/// What the scheduled posts of some connections cost that are due in a span, by connection and price.
pub async fn priced(
    conn: &mut Conn,
    workspace: WorkspaceId,
    connections: &[ConnectionId],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Priced>> {
    diesel::sql_query(
        "SELECT connection_id, price, count(*) AS posts FROM targets \
         WHERE workspace_id = $1 AND connection_id = ANY($2) AND price > 0 AND state = 'SCHEDULED' \
           AND state IN ('SCHEDULED', 'CLAIMED', 'SENDING', 'UNCERTAIN', 'RECONCILING') \
           AND due_at >= $3 AND due_at < $4 \
         GROUP BY connection_id, price ORDER BY connection_id, price",
    )
    .bind::<sql_types::Uuid, _>(workspace.uuid())
    .bind::<sql_types::Array<sql_types::Uuid>, _>(
        connections.iter().map(|id| id.uuid()).collect::<Vec<_>>(),
    )
    .bind::<sql_types::Timestamptz, _>(from)
    .bind::<sql_types::Timestamptz, _>(to)
    .load(conn)
    .await
    .stored()
}
