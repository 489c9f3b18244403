use chrono::{DateTime, TimeDelta, Utc};
use posthaste_core::{Error, ErrorCode, Result, latency::Histogram};
use posthaste_store::usage::{self as counters, Counted, Grouping, Span};

use super::{USAGE_LIFE, hour, visible};
use crate::{Actor, App};

/// Counters read for one answer.
const MOST: i64 = 20_000;

/// What is asked about usage.
#[derive(Clone, Debug)]
pub struct Asked {
    /// From here on; the hour in which it lies counts whole.
    pub from: DateTime<Utc>,
    /// Up to here; the hour in which it lies counts whole.
    pub to: DateTime<Utc>,
    /// Only this credential.
    pub credential: Option<String>,
    /// Only this operation.
    pub operation: Option<String>,
    /// What makes a row.
    pub by: Grouping,
}

/// How much, how well and how fast one group of requests was answered. What was not grouped by is
/// empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// The beginning of the hour or day.
    pub at: Option<DateTime<Utc>>,
    /// The operation.
    pub operation: Option<String>,
    /// The credential.
    pub credential: Option<String>,
    /// The HTTP status.
    pub status: Option<i16>,
    /// The code of the first error, empty for none.
    pub error_code: Option<String>,
    /// Requests.
    pub count: i64,
    /// Those of them that failed.
    pub errors: i64,
    /// Latencies.
    pub latency: Histogram,
}

impl Usage {
    fn begin(row: &Counted) -> Self {
        Self {
            at: row.at,
            operation: row.operation.clone(),
            credential: row.credential.clone(),
            status: row.status,
            error_code: row.error_code.clone(),
            count: 0,
            errors: 0,
            latency: Histogram::default(),
        }
    }

    fn has(&self, row: &Counted) -> bool {
        self.at == row.at
            && self.operation == row.operation
            && self.credential == row.credential
            && self.status == row.status
            && self.error_code == row.error_code
    }

    fn add(&mut self, row: &Counted) {
        self.count += row.count;
        self.errors += row.errors;
        self.latency.add(row.bucket as usize, row.count as u64);
    }
}

/// Usage of the API in a span of time, in the order of the groups; whose, as in the request log.
pub async fn usage(app: &App, actor: &Actor, asked: Asked) -> Result<Vec<Usage>> {
    let credential = visible(actor, asked.credential)?;
    let refuse =
        |message: &str, path: &str| Err(Error::new(ErrorCode::InvalidInput, message).at([path]));
    if asked.to <= asked.from {
        return refuse("The end must be after the beginning.", "to");
    }
    if asked.to - asked.from > USAGE_LIFE {
        return refuse(
            "Usage is kept for 90 days; ask for at most as many.",
            "from",
        );
    }
    let span = Span {
        from: hour(asked.from),
        to: hour(asked.to + TimeDelta::hours(1) - TimeDelta::microseconds(1)),
        credential,
        operation: asked.operation,
    };
    let mut conn = app.db.get().await?;
    let rows = counters::sums(&mut conn, actor.workspace, &span, asked.by, MOST + 1).await?;
    if rows.len() as i64 > MOST {
        let message = "This is too much for one answer: ask for less time, or group by less.";
        return Err(Error::new(ErrorCode::QueryTooComplex, message).at(["groupBy"]));
    }
    Ok(grouped(&rows))
}

/// Rows of one group follow each other.
fn grouped(rows: &[Counted]) -> Vec<Usage> {
    let mut groups: Vec<Usage> = Vec::new();
    for row in rows {
        match groups.last_mut() {
            Some(group) if group.has(row) => group.add(row),
            _ => {
                let mut group = Usage::begin(row);
                group.add(row);
                groups.push(group);
            }
        }
    }
    groups
}
