//! What preflight asks the database, and what it keeps on a target.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, Bool, Bytea, Int8, Interval, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use posthaste_core::{
    Result,
    ids::{ConnectionId, PostId, TargetId, WorkspaceId},
};
use uuid::Uuid;

use crate::{Conn, StoreExt, schema::targets, target::Target};

/// Words on an account about which it is asked whether they are a repetition.
#[derive(Clone, Debug)]
pub struct Words {
    /// The target that says them; it is no repetition of itself.
    pub target: TargetId,
    /// The account.
    pub connection: ConnectionId,
    /// Their hash.
    pub words: Vec<u8>,
    /// When they are said.
    pub at: DateTime<Utc>,
    /// Whether those that are scheduled count, or only what may be live.
    pub scheduled: bool,
}

/// Another target with the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Its post.
    pub post: PostId,
    /// When it went live or is due.
    pub at: DateTime<Utc>,
    /// Whether it is live.
    pub live: bool,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    post_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Bool>)]
    live: Option<bool>,
}

/// What is scheduled and late counts as said now; what waits for a person to say whether it is live, as live.
const TWINS: &str = "\
    SELECT twin.post_id, twin.at, twin.live \
    FROM unnest($2, $3, $4, $5, $6) WITH ORDINALITY AS asked (id, connection_id, words, at, scheduled, place) \
    LEFT JOIN LATERAL ( \
        SELECT said.post_id, said.at, said.live FROM ( \
            SELECT id, post_id, published_at IS NOT NULL AS live, \
                CASE WHEN state IN ('SCHEDULED', 'CLAIMED') THEN greatest(due_at, $8) ELSE coalesce(published_at, due_at) END AS at \
            FROM targets \
            WHERE workspace_id = $1 AND connection_id = asked.connection_id AND words = asked.words AND id <> asked.id \
              AND (state IN ('SENDING', 'UNCERTAIN', 'RECONCILING', 'PUBLISHED') \
                   OR state = 'HELD' AND error_code = 'OUTCOME_UNKNOWN' \
                   OR asked.scheduled AND state IN ('SCHEDULED', 'CLAIMED')) \
        ) AS said \
        WHERE said.at > asked.at - $7 AND said.at < asked.at + $7 \
        ORDER BY abs(extract(epoch FROM said.at - asked.at)), said.id LIMIT 1 \
    ) AS twin ON true \
    ORDER BY asked.place";

/// For each the nearest other target that says the same on the same account within `window`, in order.
pub async fn twins(
    conn: &mut Conn,
    workspace: WorkspaceId,
    asked: &[Words],
    window: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Vec<Option<Twin>>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = asked.iter().map(|one| one.target.uuid()).collect();
    let connections: Vec<_> = asked.iter().map(|one| one.connection.uuid()).collect();
    let words: Vec<_> = asked.iter().map(|one| one.words.as_slice()).collect();
    let at: Vec<_> = asked.iter().map(|one| one.at).collect();
    let scheduled: Vec<_> = asked.iter().map(|one| one.scheduled).collect();
    let rows: Vec<Found> = diesel::sql_query(TWINS)
        .bind::<SqlUuid, _>(workspace.uuid())
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<SqlUuid>, _>(connections)
        .bind::<Array<Bytea>, _>(words)
        .bind::<Array<Timestamptz>, _>(at)
        .bind::<Array<Bool>, _>(scheduled)
        .bind::<Interval, _>(window)
        .bind::<Timestamptz, _>(now)
        .load(conn)
        .await
        .stored()?;
    let twin = |row: Found| {
        Some(Twin {
            post: row.post_id?.into(),
            at: row.at?,
            live: row.live?,
        })
    };
    Ok(rows.into_iter().map(twin).collect())
}

/// Writes words, kind, price and told risks of targets; of another kind they no longer wait for a place. What is live has cost what it
/// cost and says what it says.
pub async fn stamp(conn: &mut Conn, rows: &[&Target]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "UPDATE targets SET words = new.words, kind = new.kind, price = new.price, \
             risks = string_to_array(new.risks, ' '), \
             waits_until = CASE WHEN targets.kind = new.kind THEN targets.waits_until END \
         FROM unnest($1, $2, $3, $4, $5) AS new (id, words, kind, price, risks) \
         WHERE targets.id = new.id AND targets.state NOT IN ('PUBLISHED', 'DELETED_REMOTE')",
    )
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.id.uuid()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Bytea>>, _>(
        rows.iter()
            .map(|row| row.words.as_deref())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Nullable<Text>>, _>(
        rows.iter()
            .map(|row| row.kind.as_deref())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Nullable<Int8>>, _>(rows.iter().map(|row| row.price).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(
        rows.iter()
            .map(|row| row.risks.join(" "))
            .collect::<Vec<_>>(),
    )
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}

/// Scheduled targets that are to be looked at ahead of their time, oldest first, locked; those that another
/// worker looks at are left out.
pub async fn due_looks(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<Target>> {
    targets::table
        .filter(targets::state.eq("SCHEDULED"))
        .filter(targets::look_at.le(now))
        .order(targets::look_at)
        .limit(limit)
        .select(Target::as_select())
        .for_update()
        .skip_locked()
        .load(conn)
        .await
        .stored()
}

/// What is kept of a look at a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The target.
    pub target: TargetId,
    /// When it is looked at next.
    pub next: Option<DateTime<Utc>>,
    /// Codes of the risks that were told.
    pub risks: Vec<String>,
}

/// Writes when targets are looked at next and what was told about them.
pub async fn looked(conn: &mut Conn, looks: &[Look]) -> Result<()> {
    diesel::sql_query(
        "UPDATE targets SET look_at = new.next, risks = string_to_array(new.risks, ' ') \
         FROM unnest($1, $2, $3) AS new (id, next, risks) WHERE targets.id = new.id",
    )
    .bind::<Array<SqlUuid>, _>(
        looks
            .iter()
            .map(|look| look.target.uuid())
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Nullable<Timestamptz>>, _>(looks.iter().map(|look| look.next).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(
        looks
            .iter()
            .map(|look| look.risks.join(" "))
            .collect::<Vec<_>>(),
    )
    .execute(conn)
    .await
    .stored()?;
    Ok(())
}
