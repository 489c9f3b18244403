use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use posthaste_core::{ErrorCode, Provenance as By};
use posthaste_engine::request_log::{self as engine, Asked};
use posthaste_store::usage::Grouping;

use super::log::credential;
use crate::graphql::{access::Provenance, context::both, scalars::Named};

/// What makes a row of usage.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageGroup {
    /// The operation, as the request log names it.
    Operation,
    /// The hour.
    Hour,
    /// The day in UTC; `HOUR` goes before it.
    Day,
    /// The API key or person.
    Credential,
    /// The HTTP status and the error code.
    Status,
}

/// What usage is narrowed by; all conditions hold together.
#[derive(InputObject, Default)]
pub struct UsageFilter {
    /// Only requests of this API key (`key_…`) or person (`user_…`).
    credential: Option<ID>,
    /// Only this operation.
    operation: Option<String>,
}

/// How much, how well and how fast a group of requests was answered. Fields that nothing was grouped
/// by are null.
#[derive(SimpleObject)]
pub struct UsageRow {
    /// The beginning of the hour or day.
    at: Option<DateTime<Utc>>,
    /// The operation; `(other)` stands for those beyond 200 names in an hour.
    operation: Option<String>,
    /// The API key or person.
    provenance: Option<Provenance>,
    /// The HTTP status.
    status: Option<i32>,
    /// The code of the first error.
    error_code: Option<Named<ErrorCode>>,
    /// Requests.
    count: i64,
    /// Requests whose answer had an error.
    errors: i64,
    /// Half of the requests took at most so many milliseconds. Latencies are counted in buckets: the
    /// figure is at most half too large.
    p50_ms: u64,
    /// 95 of 100 requests took at most so many milliseconds.
    p95_ms: u64,
    /// 99 of 100 requests took at most so many milliseconds.
    p99_ms: u64,
}

impl From<engine::Usage> for UsageRow {
    fn from(usage: engine::Usage) -> Self {
        Self {
            at: usage.at,
            operation: usage.operation,
            provenance: usage
                .credential
                .map(|credential| Provenance::from(&By::of_credential(&credential))),
            status: usage.status.map(i32::from),
            error_code: usage
                .error_code
                .and_then(|code| ErrorCode::from_name(&code))
                .map(Named),
            count: usage.count,
            errors: usage.errors,
            p50_ms: usage.latency.percentile_ms(50),
            p95_ms: usage.latency.percentile_ms(95),
            p99_ms: usage.latency.percentile_ms(99),
        }
    }
}

fn grouping(by: &[UsageGroup]) -> Grouping {
    Grouping {
        operation: by.contains(&UsageGroup::Operation),
        hour: by.contains(&UsageGroup::Hour),
        day: by.contains(&UsageGroup::Day),
        credential: by.contains(&UsageGroup::Credential),
        status: by.contains(&UsageGroup::Status),
    }
}

/// Reads of usage.
#[derive(Default)]
pub struct UsageQuery;

#[Object]
impl UsageQuery {
    /// How much the API was used in a span of time, by whole hours, in the order of the groups. Kept
    /// for 90 days; it counts the same requests as `requestLog`: with `READ_USAGE` all
    /// of the workspace, without it one's own credential's.
    #[graphql(complexity = "100 * child_complexity")]
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From here on; its hour counts whole.")] from: DateTime<Utc>,
        #[graphql(desc = "Up to here; a begun hour counts whole.")] to: DateTime<Utc>,
        #[graphql(desc = "What makes a row; one row in all without it.")] group_by: Option<
            Vec<UsageGroup>,
        >,
        #[graphql(desc = "What to narrow it by.")] filter: Option<UsageFilter>,
    ) -> Result<Vec<UsageRow>> {
        let (app, actor) = both(ctx)?;
        let filter = filter.unwrap_or_default();
        let asked = Asked {
            from,
            to,
            credential: filter.credential.map(credential).transpose()?,
            operation: filter.operation,
            by: grouping(&group_by.unwrap_or_default()),
        };
        let rows = engine::usage(app, actor, asked).await?;
        Ok(rows.into_iter().map(UsageRow::from).collect())
    }
}
