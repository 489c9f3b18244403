use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_core::Error;
use posthaste_engine::audit as engine;
use posthaste_store::audit::Filter;

use super::AuditEntry;
use crate::graphql::{
    context::both,
    developer::credential,
    page::{self, Args, List},
};

/// The list's name in its cursors.
const LIST: &str = "auditLog";

/// What the audit log is narrowed by; all conditions hold together.
#[derive(InputObject, Default)]
pub struct AuditLogFilter {
    /// Only these acts.
    acts: Option<Vec<String>>,
    /// Only what was done by this API key (`key_…`) or person (`user_…`).
    credential: Option<ID>,
    /// Only what was done to the thing with this id.
    subject: Option<ID>,
    /// Only from this instant on.
    since: Option<DateTime<Utc>>,
    /// Only before this instant.
    until: Option<DateTime<Utc>>,
}

impl TryFrom<AuditLogFilter> for Filter {
    type Error = Error;

    fn try_from(filter: AuditLogFilter) -> posthaste_core::Result<Self> {
        Ok(Self {
            acts: filter.acts.unwrap_or_default(),
            actor: filter.credential.map(credential).transpose()?,
            subject: filter.subject.map(|id| id.0),
            since: filter.since,
            until: filter.until,
        })
    }
}

/// Reads of the audit log.
#[derive(Default)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// What was done in the workspace that concerns security (keys, members, roles, connected accounts, webhooks,
    /// settings), newest first; it takes `READ_AUDIT_LOG`. Entries are never changed or removed, only a detail can be
    /// erased; each entry's hash covers all before it.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the log by.")] filter: Option<AuditLogFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<AuditEntry>> {
        let (app, actor) = both(ctx)?;
        let filter = Filter::try_from(filter.unwrap_or_default())?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let found = engine::list(app, actor, &filter, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::count(app, actor, &filter).await?)
        } else {
            None
        };
        Ok(page::list(LIST, found, total, |row| row.seq, AuditEntry))
    }
}
