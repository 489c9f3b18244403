use std::sync::OnceLock;

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use posthaste_core::{Error, Result as CoreResult};
use posthaste_docs::{Change, Deprecation, Severity, changes, deprecations};
use posthaste_store::{Page, PageRequest, Slice};

use crate::graphql::{
    context::both,
    page::{self, Args, List},
    schema::sdl,
};

/// The list's name in its cursors; a change's place in the list of all never changes.
const LIST: &str = "schemaChanges";

/// What a change of the schema means for clients. One that breaks clients is never made before the day
/// that its deprecation named.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "Severity")]
pub enum SchemaChangeSeverity {
    /// Requests work as before and mean the same.
    Safe,
    /// Requests work as before and may mean something else: a default changed.
    Risky,
}

/// A change of the schema.
#[derive(SimpleObject)]
pub struct SchemaChange {
    /// The day on which it came, at its midnight in UTC.
    at: DateTime<Utc>,
    /// What changed: `Post`, `Post.text`, `Query.posts(first)`, `PostStatus.DRAFT`.
    path: &'static str,
    /// What it means for clients.
    severity: SchemaChangeSeverity,
    /// How it changed.
    text: &'static str,
}

impl From<&'static Change> for SchemaChange {
    fn from(change: &'static Change) -> Self {
        Self {
            at: midnight(change.date),
            path: &change.path,
            severity: change.severity.into(),
            text: &change.text,
        }
    }
}

/// Something in the schema that will go.
#[derive(SimpleObject)]
pub struct SchemaDeprecation {
    /// What will go: `Post.text`, `Query.posts(first)`, `PostStatus.DRAFT`.
    path: &'static str,
    /// What to use instead, and until when it stays.
    reason: &'static str,
    /// From when on it may be gone.
    removed_at: Option<DateTime<Utc>>,
}

impl From<&'static Deprecation> for SchemaDeprecation {
    fn from(one: &'static Deprecation) -> Self {
        Self {
            path: &one.path,
            reason: &one.reason,
            removed_at: one.removal.map(midnight),
        }
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// What the changes are narrowed by.
#[derive(InputObject, Default)]
pub struct SchemaChangeFilter {
    /// Only those from this instant on; a day's changes stand at its midnight in UTC.
    since: Option<DateTime<Utc>>,
    /// Only these severities.
    severities: Option<Vec<SchemaChangeSeverity>>,
}

impl SchemaChangeFilter {
    fn takes(&self, change: &Change) -> bool {
        let severities = self.severities.as_ref();
        self.since
            .is_none_or(|since| midnight(change.date) >= since)
            && severities.is_none_or(|list| list.contains(&change.severity.into()))
    }
}

/// Reads about the schema's own history.
#[derive(Default)]
pub struct ChangesQuery;

#[Object]
impl ChangesQuery {
    /// How the schema of this server changed for clients, the newest first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn schema_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<SchemaChangeFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<SchemaChange>> {
        both(ctx)?;
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(LIST)?;
        let filter = filter.unwrap_or_default();
        let all = all_changes()?.iter().zip(0_i64..);
        let mut found: Vec<_> = all.filter(|(change, _)| filter.takes(change)).collect();
        found.reverse();
        let total = page::wants_total(ctx).then_some(found.len() as i64);
        let (key, node) = (
            |row: &(_, i64)| row.1,
            |(change, _)| SchemaChange::from(change),
        );
        Ok(page::list(LIST, cut(found, &request), total, key, node))
    }

    /// What will go from the schema of this server, the next to go first. Empty when nothing is deprecated.
    async fn schema_deprecations(&self, ctx: &Context<'_>) -> Result<Vec<SchemaDeprecation>> {
        both(ctx)?;
        Ok(all_deprecations()?
            .iter()
            .map(SchemaDeprecation::from)
            .collect())
    }
}

/// A page of a list in memory whose places fall.
fn cut<T>(mut rows: Vec<(T, i64)>, page: &PageRequest<i64>) -> Page<(T, i64)> {
    rows.retain(|(_, place)| {
        page.after.is_none_or(|after| *place < after)
            && page.before.is_none_or(|before| *place > before)
    });
    if page.from_end {
        rows.reverse();
    }
    Slice::cut(rows, page)
}

/// What the binary carries, read when somebody first asks.
fn all_changes() -> CoreResult<&'static [Change]> {
    static ALL: OnceLock<Vec<Change>> = OnceLock::new();
    if let Some(all) = ALL.get() {
        return Ok(all);
    }
    let read = changes().map_err(Error::internal)?;
    Ok(ALL.get_or_init(|| read))
}

fn all_deprecations() -> CoreResult<&'static [Deprecation]> {
    static ALL: OnceLock<Vec<Deprecation>> = OnceLock::new();
    if let Some(all) = ALL.get() {
        return Ok(all);
    }
    let read = deprecations(&sdl()).map_err(Error::internal)?;
    Ok(ALL.get_or_init(|| read))
}
