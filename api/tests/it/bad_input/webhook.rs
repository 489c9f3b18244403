//! Endpoints and documents that are refused.

use serde_json::{Value, json};

use super::{Ask, Case, document, fixture::Fixture};
use crate::world::mutation;

/// A case with a mutation by the owner.
fn change(
    f: &Fixture,
    name: &'static str,
    field: &str,
    input: Value,
    code: &'static str,
    path: &str,
) -> Case {
    let document = mutation(field, "");
    Case {
        name,
        request: Ask::Document(
            document,
            json!({ "input": input }),
            f.world.home.owner.clone(),
        ),
        code,
        path: path.into(),
    }
}

pub fn cases(f: &Fixture) -> Vec<Case> {
    let mut cases = addresses(f);
    cases.extend(documents(f));
    cases.extend(others(f));
    cases
}

fn addresses(f: &Fixture) -> Vec<Case> {
    let to = |name, url: &str| {
        change(
            f,
            name,
            "webhookEndpointCreate",
            json!({ "url": url }),
            "WEBHOOK_ADDRESS_REFUSED",
            "url",
        )
    };
    vec![
        to("an endpoint without TLS", "http://example.org/hook"),
        to("an endpoint that is no address", "example.org/hook"),
        to("an endpoint on this machine", "https://127.0.0.1/"),
        to(
            "an endpoint on this machine, hidden",
            "https://[::ffff:7f00:1]/",
        ),
        to("an endpoint in a private network", "https://10.0.0.7/hook"),
        to(
            "an endpoint with cloud metadata",
            "https://169.254.169.254/latest",
        ),
        to("an endpoint with a password", "https://a:b@example.org/"),
    ]
}

fn documents(f: &Fixture) -> Vec<Case> {
    let with = |name, text: &str| {
        change(
            f,
            name,
            "webhookEndpointCreate",
            json!({ "url": "https://example.org/", "document": text }),
            "WEBHOOK_DOCUMENT_INVALID",
            "document",
        )
    };
    vec![
        with("a document that does not parse", "subscription { events {"),
        with("an empty document", ""),
        with("a query as document", "{ viewer { role } }"),
        with(
            "a mutation as document",
            "mutation { sessionDelete { errors { code } } }",
        ),
        with(
            "another subscription",
            "subscription { targetProgress(targetId: \"x\") { cursor } }",
        ),
        with(
            "a field that is not there",
            "subscription { events { nothing } }",
        ),
        with("events without fields", "subscription { events }"),
        with(
            "events with arguments",
            "subscription { events(after: \"a\") { id } }",
        ),
        with(
            "variables",
            "subscription($after: String) { events { id } }",
        ),
        with(
            "two root fields",
            "subscription { events { id } more: events { id } }",
        ),
        with(
            "a document that is too long",
            &format!("subscription {{ events {{ id }} }} # {}", "x".repeat(9000)),
        ),
        with(
            "a document that is too deep",
            &format!(
                "subscription {{ events {{ post {}id{} }} }}",
                "{ targets { post ".repeat(8) + "{ ",
                " }".repeat(17)
            ),
        ),
    ]
}

fn others(f: &Fixture) -> Vec<Case> {
    let (own, foreign) = (&f.webhooks.0, &f.webhooks.1);
    let nobody = "01h455vb4pex5vsknk084sn02q";
    let one = |name, field, input, code, path| change(f, name, field, input, code, path);
    vec![
        one(
            "a description that is too long",
            "webhookEndpointCreate",
            json!({ "url": "https://example.org/", "description": "x".repeat(201) }),
            "INVALID_INPUT",
            "description",
        ),
        one(
            "no endpoint id to choose",
            "webhookEndpointCreate",
            json!({ "id": "mine", "url": "https://example.org/" }),
            "INVALID_ID",
            "id",
        ),
        one(
            "an endpoint id that is taken",
            "webhookEndpointCreate",
            json!({ "id": own, "url": "https://example.org/" }),
            "ALREADY_EXISTS",
            "id",
        ),
        one(
            "an old version of an endpoint",
            "webhookEndpointUpdate",
            json!({ "id": own, "version": 7 }),
            "VERSION_CONFLICT",
            "version",
        ),
        one(
            "an endpoint moved to a private network",
            "webhookEndpointUpdate",
            json!({ "id": own, "version": 1, "url": "https://192.168.1.1/" }),
            "WEBHOOK_ADDRESS_REFUSED",
            "url",
        ),
        one(
            "another workspace's endpoint",
            "webhookEndpointRotateSecret",
            json!({ "id": foreign }),
            "NOT_FOUND",
            "",
        ),
        one(
            "testing with another kind's id",
            "webhookEndpointTest",
            json!({ "id": format!("post_{nobody}") }),
            "INVALID_ID",
            "id",
        ),
        one(
            "a replay from another list's cursor",
            "webhookEndpointReplay",
            json!({ "id": own, "after": "nonsense" }),
            "INVALID_CURSOR",
            "after",
        ),
        one(
            "a replay of what has not happened",
            "webhookEndpointReplay",
            // events:999
            json!({ "id": own, "after": "ZXZlbnRzOjk5OQ" }),
            "INVALID_INPUT",
            "after",
        ),
        one(
            "an unknown delivery",
            "webhookDeliveryRedeliver",
            json!({ "id": format!("whd_{nobody}") }),
            "NOT_FOUND",
            "",
        ),
        document(
            f,
            "deliveries of a wrong endpoint id",
            "{ webhookDeliveries(filter: { endpointIds: [\"a\"] }) { nodes { id } } }",
            "INVALID_ID",
            "filter.endpointIds.0",
        ),
        document(
            f,
            "deliveries after another list's cursor",
            "{ webhookDeliveries(after: \"a\") { nodes { id } } }",
            "INVALID_CURSOR",
            "after",
        ),
    ]
}
