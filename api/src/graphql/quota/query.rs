use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode};
use posthaste_engine::governor::{self, Span};

use super::forecast::QuotaForecast;
use crate::graphql::{context::both, post::Reader};

/// Reads of limits and money.
#[derive(Default)]
pub struct QuotaQuery;

#[Object]
impl QuotaQuery {
    /// How full the networks' limits and the budgets will be, from what is live and what is scheduled, and
    /// what could be done better.
    #[graphql(complexity = "10 + 5 * connection_ids.len() + child_complexity")]
    async fn quota_forecast(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The connections, 1 to 100.")] connection_ids: Vec<ID>,
        #[graphql(desc = "From when; now when nothing is said.")] from: Option<DateTime<Utc>>,
        #[graphql(
            desc = "Until when, at most 366 days later; 30 days later when nothing is said."
        )]
        to: Option<DateTime<Utc>>,
    ) -> Result<QuotaForecast> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let mut reader = Reader::default();
            let ids = reader.ids(&connection_ids, "connectionIds");
            let ids = reader.finish(|| Some(ids))?;
            governor::forecast(app, actor, &ids, &Span { from, to }).await
        };
        match outcome.await {
            Ok(forecast) => Ok(QuotaForecast(forecast)),
            Err(mut errors) if !errors.is_empty() => Err(errors.swap_remove(0).into()),
            Err(_) => Err(Error::new(ErrorCode::Internal, ErrorCode::Internal.title()).into()),
        }
    }
}
