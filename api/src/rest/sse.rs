//! GraphQL over server-sent events, distinct connections mode (graphql-sse protocol).

use std::{convert::Infallible, time::Duration};

use async_graphql::Request as Query;
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{FutureExt, Stream, StreamExt, stream};

use super::{ApiState, graphql::Shown, ws::until_revoked};
use crate::graphql::{Caller, errors::complete};

/// How often an idle stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Answers with one `next` event for each result and `complete` at the end. The stream also ends
/// when the credential is revoked.
pub fn serve(state: ApiState, caller: Caller, query: Query) -> Response {
    let revoked = until_revoked(state.app.clone(), caller.credential.clone());
    let results = results(state, caller.request_id, query).take_until(revoked.boxed());
    let complete = stream::once(async { Ok(Event::default().event("complete").data("")) });
    Sse::new(results.chain(complete))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response()
}

fn results(
    state: ApiState,
    request_id: String,
    query: Query,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let public_url = state.app.public_url.clone();
    state.schema.execute_stream(query).map(move |mut answer| {
        complete(&mut answer, &public_url, &request_id);
        Ok(Event::default().event("next").data(Shown(answer).text()))
    })
}
