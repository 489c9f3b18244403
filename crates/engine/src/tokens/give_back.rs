//! Access of removed accounts is given back, also when the network is away at that moment.

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, stream};
use posthaste_core::{Result, connector::FailureClass};
use posthaste_store::{
    Conn,
    connection::{self, Connection},
    revocation::{self, Revocation},
};

use super::{refresh::AT_ONCE, unseal};
use crate::App;

/// When a worker tries for the first time: whoever removed the account has tried by then.
const FIRST: TimeDelta = TimeDelta::minutes(1);

/// How long after each try the next one follows; after the last the access is left to end by itself.
const LATER: [TimeDelta; 6] = [
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
    TimeDelta::hours(1),
    TimeDelta::hours(4),
    TimeDelta::hours(12),
    TimeDelta::hours(24),
];

/// Longer than a try takes.
const LEASE: TimeDelta = TimeDelta::minutes(5);

/// Accounts in one pass.
const BATCH: i64 = 20;

/// Notes in the transaction that takes a connection away, or finds it away, that these tokens are to be
/// given back.
pub(crate) async fn note(
    conn: &mut Conn,
    row: &Connection,
    sealed: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<()> {
    revocation::note(conn, row.workspace_id, row.id, sealed, now + FIRST, now).await
}

/// Gives back what was noted for a connection that was just removed. Its removal stands whatever comes of it;
/// a network that is away is asked again by a worker.
pub(crate) async fn give_back(app: &App, row: &Connection, sealed: &[u8]) {
    if let Err(error) = give_back_now(app, row, sealed).await {
        tracing::warn!(connection = %row.id, %error, cause = ?error.cause, "access was not given back yet");
    }
}

async fn give_back_now(app: &App, row: &Connection, sealed: &[u8]) -> Result<()> {
    if revoke(app, row, sealed).await? == Given::Back {
        revocation::forget(&mut *app.db.get().await?, row.id, sealed).await?;
    }
    Ok(())
}

/// Gives back what is due; one pass. Any number of workers may do so at the same time. Returns how many
/// accounts it looked at.
pub async fn give_back_due(app: &App) -> Result<usize> {
    let now = app.now();
    let until = now + app.timing.paced(LEASE);
    let due = revocation::claim(&mut *app.db.get().await?, now, until, BATCH).await?;
    let count = due.len();
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |one| async move {
            if let Err(error) = give_back_again(app, &one).await {
                tracing::warn!(connection = %one.connection(), %error, cause = ?error.cause, "access was not given back yet");
            }
        })
        .await;
    Ok(count)
}

async fn give_back_again(app: &App, one: &Revocation) -> Result<()> {
    let row = connection::get(&mut *app.db.get().await?, one.workspace(), one.connection()).await?;
    let given = match revoke(app, &row, &one.tokens).await {
        Ok(given) => given,
        Err(error) => {
            tracing::warn!(connection = %row.id, %error, cause = ?error.cause, "access cannot be given back yet");
            Given::NotYet
        }
    };
    let wait = usize::try_from(one.tries - 1)
        .ok()
        .and_then(|tries| LATER.get(tries));
    let mut conn = app.db.get().await?;
    match (given, wait) {
        (Given::NotYet, Some(wait)) => {
            let next_at = app.now() + app.timing.paced(*wait);
            return revocation::put_off(&mut conn, row.id, next_at).await;
        }
        (Given::NotYet, None) => tracing::warn!(
            connection = %row.id, network = row.network.as_str(), tries = one.tries,
            "the network did not take the access back; it ends by itself, or in the account's settings there"
        ),
        (Given::Back, _) => {}
    }
    revocation::forget(&mut conn, row.id, &one.tokens).await
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    /// The network has it, or says that it is no access any more, or cannot take it.
    Back,
    NotYet,
}

async fn revoke(app: &App, row: &Connection, sealed: &[u8]) -> Result<Given> {
    let tokens = unseal(app, row.workspace_id, row.id, sealed).await?;
    let ctx = app.network_ctx(row.network)?;
    let Err(failure) = app.connector(row.network).revoke(&ctx, &tokens).await else {
        return Ok(Given::Back);
    };
    tracing::info!(connection = %row.id, message = %failure.message, "the network did not take the access back");
    let passes = matches!(
        failure.class,
        FailureClass::Retry | FailureClass::RateLimited { .. } | FailureClass::Operator
    );
    Ok(if passes { Given::NotYet } else { Given::Back })
}
