use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use async_graphql::{
    Request, Response, ServerError, ServerResult, ValidationResult, Variables,
    extensions::{
        Extension, ExtensionContext, ExtensionFactory, NextParseQuery, NextPrepareRequest,
        NextRequest, NextSubscribe, NextValidation,
    },
    parser::types::{ExecutableDocument, OperationType},
};
use futures::{StreamExt, stream::BoxStream};
use posthaste_core::Error;
use posthaste_engine::{
    App,
    limit::{Payer, Reservation},
};

use super::{
    CHANGE,
    bill::{Bill, actual},
};
use crate::graphql::{Caller, chosen::chosen, idempotency::outermost, limits::refused_by};

/// Reserves what a document may cost before it runs, and settles it afterwards.
pub struct Cost;

impl ExtensionFactory for Cost {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(CostExtension(Arc::default()))
    }
}

/// One request: made anew for each by the factory.
struct CostExtension(Arc<Account>);

/// What is known about a request and who pays for it, as far as it came.
#[derive(Default)]
struct Account {
    operation_name: OnceLock<Option<String>>,
    payer: OnceLock<(App, Payer)>,
    kind: OnceLock<OperationType>,
    changes: OnceLock<u32>,
    /// What reading the document costs, whatever it asks for.
    reading: OnceLock<u32>,
    reserved: OnceLock<(u32, Reserved)>,
    is_told: AtomicBool,
}

/// What came of the reservation.
#[derive(Clone, Copy)]
enum Reserved {
    Taken,
    Refused,
}

#[async_trait::async_trait]
impl Extension for CostExtension {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        self.0.settle(&mut response).await;
        response
    }

    fn subscribe<'s>(
        &self,
        ctx: &ExtensionContext<'_>,
        stream: BoxStream<'s, Response>,
        next: NextSubscribe<'_>,
    ) -> BoxStream<'s, Response> {
        let account = self.0.clone();
        let settled = next.run(ctx, stream).then(move |mut response| {
            let account = account.clone();
            async move {
                account.settle(&mut response).await;
                response
            }
        });
        settled.boxed()
    }

    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let _ = self.0.operation_name.set(request.operation_name.clone());
        next.run(ctx, request).await
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        if let (Ok(app), Ok(caller)) = (ctx.data::<App>(), ctx.data::<Caller>()) {
            let payer = Payer::new(caller.actor.as_ref(), caller.client.address);
            let _ = self.0.payer.set((app.clone(), payer));
        }
        let _ = self.0.reading.set((query.len() >> 10) as u32);
        let document = next.run(ctx, query, variables).await?;
        self.0.look_at(&document);
        Ok(document)
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let valid = next.run(ctx).await?;
        let refusal = self.0.reserve(valid.complexity).await;
        match refusal {
            None => Ok(valid),
            Some(error) => Err(vec![refused_by(error)]),
        }
    }
}

impl Account {
    fn look_at(&self, document: &ExecutableDocument) {
        let wanted = self.operation_name.get().and_then(Option::as_deref);
        let Some(operation) = chosen(document, wanted) else {
            return;
        };
        let _ = self.kind.set(operation.ty);
        if operation.ty == OperationType::Mutation {
            let fields = outermost(document, std::iter::once(operation));
            let _ = self.changes.set(fields.len() as u32);
        }
    }

    /// What a request costs at least; nothing is free.
    fn least(&self) -> u32 {
        self.reading.get().copied().unwrap_or(0).max(1)
    }

    /// Reserves; what refuses it, if anything.
    async fn reserve(&self, complexity: usize) -> Option<Error> {
        let (app, payer) = self.payer.get()?;
        let changes = self.changes.get().copied().unwrap_or(0);
        let points = u32::try_from(complexity)
            .unwrap_or(u32::MAX)
            .saturating_add(changes * CHANGE)
            .max(self.least());
        let outcome = app.limits.reserve(payer, points, app.now()).await;
        let Reservation { refusal, .. } = outcome.unwrap_or_else(|error| {
            tracing::error!(%error, "limits cannot be read");
            None
        })?;
        let reserved = if refusal.is_some() {
            Reserved::Refused
        } else {
            Reserved::Taken
        };
        let _ = self.reserved.set((points, reserved));
        refusal
    }

    /// Says in the answer what it cost; of a subscription in its first result only.
    async fn settle(&self, response: &mut Response) {
        if self.is_told.swap(true, Relaxed) {
            return;
        }
        let Some((app, payer)) = self.payer.get() else {
            return;
        };
        let kind = self.kind.get().copied();
        let (requested, actual, reserved) = match self.reserved.get() {
            Some((points, Reserved::Refused)) => (*points, 0, 0),
            Some((points, Reserved::Taken)) if kind == Some(OperationType::Subscription) => {
                (*points, *points, *points)
            }
            Some((points, Reserved::Taken)) => {
                let changes = self.changes.get().copied().unwrap_or(0);
                let actual = actual(&response.data, changes).max(self.least());
                (*points, actual, *points)
            }
            // Not valid: it was read and judged all the same.
            None => (self.least(), self.least(), 0),
        };
        let now = app.now();
        match app.limits.settle(payer, reserved, actual, now).await {
            Ok(Some(level)) => Bill {
                requested,
                actual,
                level,
            }
            .attach(response, now),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "limits cannot be written"),
        }
    }
}
