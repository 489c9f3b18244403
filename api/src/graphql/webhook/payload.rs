//! The payload documents of webhooks: checked when saved, executed for one event.

use async_graphql::{
    Pos, Request, Response,
    parser::{
        parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationType, Selection},
    },
};
use async_trait::async_trait;
use futures::StreamExt;
use posthaste_core::{Error, ErrorCode, Result};
use posthaste_engine::{Actor, App, webhook::Payloads};
use posthaste_store::event::Event;
use serde_json::Value;

use crate::{
    graphql::{
        Caller,
        errors::{code_of, complete},
        event::GivenEvent,
        schema::{ApiSchema, without_app},
    },
    ticket::Ticket,
};

/// What is sent when an endpoint has no document of its own.
pub const DEFAULT_DOCUMENT: &str = "subscription {
  events {
    id
    cursor
    type
    at
    postId
    targetId
    connectionId
    mediaId
    target { network state permalink error { code message } }
    data
  }
}
";

/// Executes payload documents with the API's own schema, as a subscription that sees one event.
pub struct Documents(ApiSchema);

impl Default for Documents {
    fn default() -> Self {
        Self(without_app())
    }
}

impl Documents {
    /// The answer for an event; none for a document that fits, when there is no event.
    async fn execute(
        &self,
        app: &App,
        actor: &Actor,
        document: &str,
        event: Option<Event>,
    ) -> Option<Response> {
        let caller = Caller {
            actor: Some(actor.clone()),
            credential: None,
            request_id: "webhook".to_owned(),
            client: posthaste_engine::session::Client::default(),
            ticket: Ticket::default(),
            takes_cookies: false,
        };
        let mut request = Request::new(document);
        request.data = caller.data(app);
        request.data.insert(GivenEvent(event));
        self.0.execute_stream(request).next().await
    }
}

#[async_trait]
impl Payloads for Documents {
    async fn check(&self, app: &App, actor: &Actor, document: &str) -> Result<()> {
        let parsed = parse_query(document).map_err(|error| {
            let place = error.positions().next();
            refused(&error.to_string(), place)
        })?;
        check_shape(&parsed)?;
        let Some(answer) = self.execute(app, actor, document, None).await else {
            return Ok(());
        };
        match answer.errors.first() {
            Some(error) => Err(refused(&error.message, error.locations.first().copied())),
            None => Ok(()),
        }
    }

    async fn render(
        &self,
        app: &App,
        actor: &Actor,
        document: Option<&str>,
        event: &Event,
    ) -> Result<Value> {
        let document = document.unwrap_or(DEFAULT_DOCUMENT);
        let executing = self.execute(app, actor, document, Some(event.clone()));
        let mut answer = executing
            .await
            .ok_or_else(|| Error::internal("a payload document gave no answer"))?;
        complete(&mut answer, &app.public_url, "webhook");
        if let Some(error) = answer.errors.first() {
            let message = format!("The payload document failed: {}", error.message);
            return Err(Error::new(code_of(error), message));
        }
        let data = answer.data.into_json().map_err(Error::internal)?;
        // The one root field, under whatever name the document gives it.
        let field = data.as_object().and_then(|fields| fields.values().next());
        Ok(field.cloned().unwrap_or_default())
    }
}

fn refused(why: &str, place: Option<Pos>) -> Error {
    let message = match place {
        Some(Pos { line, column }) => format!("Line {line}, column {column}: {why}"),
        None => why.to_owned(),
    };
    Error::new(ErrorCode::WebhookDocumentInvalid, message)
}

/// One subscription, without variables, whose only root field is a plain `events`.
fn check_shape(document: &ExecutableDocument) -> Result<()> {
    let operation = match &document.operations {
        DocumentOperations::Single(operation) => operation,
        DocumentOperations::Multiple(operations) => match operations.values().next() {
            Some(operation) if operations.len() == 1 => operation,
            _ => return Err(refused("Write one operation.", None)),
        },
    };
    let at = Some(operation.pos);
    if operation.node.ty != OperationType::Subscription {
        return Err(refused("Write a subscription.", at));
    }
    if let Some(variable) = operation.node.variable_definitions.first() {
        return Err(refused("There are no variables here.", Some(variable.pos)));
    }
    let root = &operation.node.selection_set.node.items;
    let [only] = root.as_slice() else {
        return Err(refused("Write one root field: events.", at));
    };
    let Selection::Field(field) = &only.node else {
        return Err(refused(
            "Write the root field events itself, without a fragment.",
            Some(only.pos),
        ));
    };
    if field.node.name.node != "events" {
        return Err(refused("The root field must be events.", Some(field.pos)));
    }
    if !field.node.arguments.is_empty() {
        return Err(refused(
            "events takes no arguments here; the endpoint's eventTypes choose the events.",
            Some(field.pos),
        ));
    }
    if !field.node.directives.is_empty() {
        return Err(refused("events takes no directives here.", Some(field.pos)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(document: &str) -> Result<(), String> {
        check_shape(&parse_query(document).unwrap()).map_err(|error| error.message)
    }

    #[test]
    fn only_one_plain_events_field_fits() {
        assert_eq!(shape(DEFAULT_DOCUMENT), Ok(()));
        assert_eq!(shape("subscription Named { told: events { id } }"), Ok(()));
        assert_eq!(
            shape("subscription { events { ...e } } fragment e on Event { id }"),
            Ok(())
        );
        for (document, place) in [
            ("{ events { nodes { id } } }", "Line 1, column 1: Write a"),
            ("mutation { a }", "Line 1, column 1: Write a"),
            ("subscription { a { b } }", "Line 1, column 16: The root"),
            (
                "subscription { events { id } events { at } }",
                "Line 1, column 1: Write one root",
            ),
            (
                "subscription { ...a } fragment a on Subscription { events { id } }",
                "Line 1, column 16: Write the root",
            ),
            (
                "subscription($a: ID) { events { id } }",
                "Line 1, column 14: There are no variables",
            ),
            (
                "subscription {\n  events(after: \"a\") { id } }",
                "Line 2, column 3: events takes no arguments",
            ),
            (
                "subscription { events @skip(if: true) { id } }",
                "Line 1, column 16: events takes no directives",
            ),
            (
                "subscription A { events { id } } subscription B { events { id } }",
                "Write one operation",
            ),
        ] {
            let told = shape(document).unwrap_err();
            assert!(told.starts_with(place), "{document}: {told}");
        }
    }
}
