//! GraphQL over server-sent events, distinct connections mode (graphql-sse protocol).

use std::{convert::Infallible, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{StreamExt, stream};

use super::{
    ApiState,
    graphql::Shown,
    operation::{self, Operation},
};
use crate::graphql::{Caller, event::Resume};

/// How often an idle stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where a client that comes back wants to go on (HTML standard, 9.2.4).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Answers with one `next` event for each result and `complete` at the end. What comes from the event
/// log carries its cursor as `id`. The stream also ends when the credential is
/// revoked, or the server leaves.
pub fn serve(
    state: ApiState,
    caller: Caller,
    operation: Operation,
    headers: &HeaderMap,
) -> Response {
    let heard = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty());
    let resume = Resume::after(heard.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned()));
    let revoked = state.revocations.until_revoked(&state.app, &caller);
    let leaving = state.health.until_leaving();
    let results = operation::results(state, caller, operation, Some(resume.clone()));
    let events = results.map(move |answer| {
        let event = Event::default().event("next").data(Shown(answer).text());
        Ok::<_, Infallible>(match resume.take() {
            Some(cursor) => event.id(cursor),
            None => event,
        })
    });
    let complete = stream::once(async { Ok(Event::default().event("complete").data("")) });
    // Without `complete`: the operation is not over, its client comes back and goes on elsewhere.
    Sse::new(
        events
            .take_until(revoked)
            .chain(complete)
            .take_until(leaving),
    )
    .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
    .into_response()
}
