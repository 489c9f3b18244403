use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_engine::post as engine;
use posthaste_store::target::{Filter, Target as Row};
use uuid::Uuid;

use super::{
    enums::{TargetOrder, TargetState},
    types::Target,
};
use crate::graphql::{
    context::both,
    page::{self, Args, List},
    scalars::{self, Network},
};

/// What a list of targets is narrowed by; all conditions hold together.
#[derive(Default, InputObject)]
pub struct TargetFilter {
    /// Only these states.
    states: Option<Vec<TargetState>>,
    /// Only these networks.
    networks: Option<Vec<Network>>,
    /// Only these connections.
    connection_ids: Option<Vec<ID>>,
    /// Due at this instant or later.
    due_from: Option<DateTime<Utc>>,
    /// Due before this instant.
    due_to: Option<DateTime<Utc>>,
    /// Only the one that is live at this public address, written as `permalink` tells it.
    permalink: Option<String>,
}

impl TargetFilter {
    fn read(self) -> posthaste_core::Result<Filter> {
        let connections = self
            .connection_ids
            .map(|ids| scalars::ids(&ids, "connectionIds"))
            .transpose();
        Ok(Filter {
            states: self
                .states
                .map(|list| list.into_iter().map(Into::into).collect()),
            networks: self
                .networks
                .map(|list| list.into_iter().map(Into::into).collect()),
            connections: connections.map_err(|error| error.within(["filter"]))?,
            due_from: self.due_from,
            due_to: self.due_to,
            permalink: self.permalink,
        })
    }
}

impl TargetOrder {
    fn by_due(self) -> bool {
        matches!(self, Self::DueAtAsc | Self::DueAtDesc)
    }

    fn descending(self) -> bool {
        matches!(self, Self::CreatedAtDesc | Self::DueAtDesc)
    }

    /// The list's name in its cursors.
    fn list(self) -> &'static str {
        if self.by_due() {
            "targets.due"
        } else {
            "targets.created"
        }
    }

    /// A target's place in the order.
    fn key(self, row: &Row) -> (Option<DateTime<Utc>>, Uuid) {
        let at = if self.by_due() {
            row.due_at
        } else {
            Some(row.created_at)
        };
        (at, row.id.uuid())
    }
}

/// Reads of targets.
#[derive(Default)]
pub struct TargetQuery;

#[Object]
impl TargetQuery {
    /// The target with an id.
    async fn target(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (`target_…`).")] id: ID,
    ) -> Result<Target> {
        let (app, actor) = both(ctx)?;
        Ok(Target(
            engine::target(app, actor, scalars::id(&id, &["id"])?).await?,
        ))
    }

    /// The targets of the workspace, those due first unless another order is chosen.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay list")]
    async fn targets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to narrow the list by.")] filter: Option<TargetFilter>,
        #[graphql(desc = "The order.", default)] order_by: TargetOrder,
        #[graphql(desc = "How many from the start, 1 to 100; 25 when nothing is said.")]
        first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
    ) -> Result<List<Target>> {
        let (app, actor) = both(ctx)?;
        let filter = filter.unwrap_or_default().read()?;
        let name = order_by.list();
        let request = Args {
            first,
            after,
            last,
            before,
        }
        .request(name)?;
        let (by_due, descending) = (order_by.by_due(), order_by.descending());
        let found = engine::target_list(app, actor, &filter, by_due, descending, &request).await?;
        let total = if page::wants_total(ctx) {
            Some(engine::target_count(app, actor, &filter).await?)
        } else {
            None
        };
        Ok(page::list(
            name,
            found,
            total,
            |row| order_by.key(row),
            Target,
        ))
    }
}
