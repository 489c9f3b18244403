//! Who may do what: every root field of the schema has its row here, with a role that may, one that
//! may not, and another workspace's ids. A new field without a row fails.

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use posthaste_core::Network;
use serde_json::{Value, json};

use crate::{
    sse::Follower,
    world::{Tenant, World, picture},
};

/// The least role that may use a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Least {
    /// Needs no credential.
    Nobody,
    Viewer,
    Editor,
    Owner,
}

struct Row {
    field: &'static str,
    least: Least,
    document: String,
    /// The variables `id` and `other` name things of the same workspace.
    takes_id: bool,
}

fn row(field: &'static str, least: Least, document: impl Into<String>) -> Row {
    let document = document.into();
    Row {
        field,
        least,
        takes_id: document.contains('$'),
        document,
    }
}

/// A mutation with an input literal.
fn change(field: &'static str, least: Least, input: &str) -> Row {
    let id = if input.contains("$id") {
        "($id: ID!)"
    } else {
        ""
    };
    row(
        field,
        least,
        format!("mutation{id} {{ {field}(input: {{ {input} }}) {{ errors {{ code }} }} }}"),
    )
}

/// A mutation of editors without an input.
fn order(field: &'static str) -> Row {
    row(
        field,
        Least::Editor,
        format!("mutation {{ {field} {{ errors {{ code }} }} }}"),
    )
}

fn one(field: &'static str) -> Row {
    row(
        field,
        Least::Viewer,
        format!("query($id: ID!) {{ {field}(id: $id) {{ id }} }}"),
    )
}

fn list(field: &'static str) -> Row {
    row(
        field,
        Least::Viewer,
        format!("{{ {field} {{ nodes {{ id }} }} }}"),
    )
}

fn table() -> Vec<Row> {
    let now = "schedule: { now: true }";
    let post_check = "{ text: \"a\", targets: [{ connectionId: $id }] }";
    vec![
        one("post"),
        one("target"),
        one("media"),
        one("connection"),
        one("webhookEndpoint"),
        one("webhookDelivery"),
        one("bulkJob"),
        row(
            "connectionGrant",
            Least::Owner,
            "query($id: ID!) { connectionGrant(id: $id) { id } }",
        ),
        row(
            "node",
            Least::Viewer,
            "query($id: ID!) { node(id: $id) { id } }",
        ),
        row(
            "nodes",
            Least::Viewer,
            "query($id: ID!) { nodes(ids: [$id]) { id } }",
        ),
        list("posts"),
        list("targets"),
        list("mediaList"),
        list("connections"),
        list("bulkJobs"),
        list("events"),
        one("apiKey"),
        list("apiKeys"),
        list("requestLog"),
        row(
            "usage",
            Least::Viewer,
            "{ usage(from: \"2027-01-01T00:00:00Z\", to: \"2027-01-02T00:00:00Z\") { count } }",
        ),
        change("apiKeyCreate", Least::Owner, "name: \"a\", role: VIEWER"),
        change("apiKeyUpdate", Least::Owner, "id: $id, name: \"b\""),
        change("apiKeyRotate", Least::Owner, "id: $id"),
        change("apiKeyRevoke", Least::Owner, "id: $id"),
        row("sandbox", Least::Viewer, "{ sandbox { networksUrl } }"),
        change("sandboxClockAdvance", Least::Editor, "seconds: 1"),
        order("sandboxClockReset"),
        change(
            "sandboxFaultScript",
            Least::Editor,
            "faults: [{ network: X, kind: DELAY }]",
        ),
        order("sandboxFaultsClear"),
        change("sandboxReset", Least::Editor, "workspace: true"),
        change("sandboxScenario", Least::Editor, "name: HAPPY"),
        list("webhookEndpoints"),
        list("webhookDeliveries"),
        row("viewer", Least::Viewer, "{ viewer { role } }"),
        row("workspace", Least::Viewer, "{ workspace { id } }"),
        row(
            "schemaChanges",
            Least::Viewer,
            "{ schemaChanges { nodes { path } } }",
        ),
        row(
            "schemaDeprecations",
            Least::Viewer,
            "{ schemaDeprecations { path } }",
        ),
        row(
            "rateLimitStatus",
            Least::Viewer,
            "{ rateLimitStatus { available } }",
        ),
        row("networks", Least::Viewer, "{ networks { network } }"),
        row(
            "quotaForecast",
            Least::Viewer,
            "query($id: ID!) { quotaForecast(connectionIds: [$id]) { checkedAt } }",
        ),
        change(
            "quotaSettingsUpdate",
            Least::Owner,
            "connectionBudgets: [{ connectionId: $id, amount: 1 }]",
        ),
        row(
            "postPreview",
            Least::Viewer,
            format!(
                "query($id: ID!) {{ postPreview(input: {post_check}) {{ errors: violations {{ code }} }} }}"
            ),
        ),
        row(
            "postValidate",
            Least::Viewer,
            format!(
                "query($id: ID!) {{ postValidate(input: {post_check}) {{ errors {{ code }} }} }}"
            ),
        ),
        change(
            "postCreate",
            Least::Editor,
            "text: \"a\", targets: [{ connectionId: $id }]",
        ),
        change("postUpdate", Least::Editor, "id: $id, text: \"b\""),
        change("postSchedule", Least::Editor, &format!("id: $id, {now}")),
        change("postPublishNow", Least::Editor, "id: $id"),
        change("postUnschedule", Least::Editor, "id: $id"),
        change("postCancel", Least::Editor, "id: $id"),
        change("postDelete", Least::Editor, "id: $id"),
        change("targetRetry", Least::Editor, "id: $id"),
        change("targetSettle", Least::Editor, "id: $id, outcome: LIVE"),
        change("targetDeleteRemote", Least::Editor, "id: $id"),
        change(
            "mediaUploadCreate",
            Least::Editor,
            "fileName: \"a.jpg\", bytes: 3",
        ),
        change("mediaUpdate", Least::Editor, "id: $id, altText: \"a\""),
        change("mediaDelete", Least::Editor, "id: $id"),
        change(
            "bulkJobCreate",
            Least::Editor,
            "kind: POSTS_IMPORT, format: CSV, fileName: \"a.csv\", bytes: 3",
        ),
        change("bulkJobCancel", Least::Editor, "id: $id"),
        change(
            "connectionAuthorize",
            Least::Owner,
            "network: X, connectionId: $id",
        ),
        change(
            "connectionCreate",
            Least::Owner,
            "grantId: $id, accountIds: [\"1\"]",
        ),
        change("connectionReconnect", Least::Owner, "id: $id"),
        change(
            "connectionUpdate",
            Least::Owner,
            "id: $id, version: 1, name: \"New\"",
        ),
        change("connectionEnable", Least::Owner, "id: $id"),
        change("connectionDisable", Least::Owner, "id: $id"),
        change("connectionPause", Least::Owner, "id: $id"),
        change("connectionResume", Least::Owner, "id: $id"),
        change("connectionRemove", Least::Owner, "id: $id"),
        change(
            "webhookEndpointCreate",
            Least::Owner,
            "url: \"https://example.org/hook\"",
        ),
        change(
            "webhookEndpointUpdate",
            Least::Owner,
            "id: $id, version: 1, description: \"a\"",
        ),
        change("webhookEndpointDelete", Least::Owner, "id: $id"),
        change("webhookEndpointRotateSecret", Least::Owner, "id: $id"),
        change("webhookEndpointTest", Least::Owner, "id: $id"),
        change("webhookEndpointPause", Least::Owner, "id: $id"),
        change("webhookEndpointResume", Least::Owner, "id: $id"),
        change("webhookEndpointReplay", Least::Owner, "id: $id"),
        change("webhookDeliveryRedeliver", Least::Owner, "id: $id"),
        change(
            "sessionCreate",
            Least::Nobody,
            "email: \"nobody@example.com\", password: \"wrong password\"",
        ),
        row(
            "sessionDelete",
            Least::Viewer,
            "mutation { sessionDelete { errors { code } } }",
        ),
        row(
            "events",
            Least::Viewer,
            "subscription { events(after: \"ZXZlbnRzOjA\") { id } }",
        ),
        row(
            "targetProgress",
            Least::Viewer,
            "subscription($id: ID!) { targetProgress(targetId: $id) { cursor } }",
        ),
        row(
            "targetTimeline",
            Least::Viewer,
            "subscription($id: ID!) { targetTimeline(targetId: $id) { cursor } }",
        ),
        row(
            "bulkJobProgress",
            Least::Viewer,
            "subscription($id: ID!) { bulkJobProgress(id: $id) { id } }",
        ),
    ]
}

/// The id that a field's variable names, made in a workspace.
async fn id(world: &World, tenant: &Tenant, field: &str) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match field {
        "connectionGrant" | "connectionCreate" => {
            let query = "mutation { connectionAuthorize(input: { network: X }) { grant { id } } }";
            text(
                &world.graphql(&tenant.owner, query, json!({})).await["data"]["connectionAuthorize"]
                    ["grant"]["id"],
            )
        }
        "media" | "mediaUpdate" | "mediaDelete" => {
            world
                .upload(tenant, "a.jpg", picture(400, 400, image::ImageFormat::Jpeg))
                .await
        }
        "apiKey" => {
            let query = "{ viewer { key { id } } }";
            text(
                &world.graphql(&tenant.viewer, query, json!({})).await["data"]["viewer"]["key"]["id"],
            )
        }
        _ if field.starts_with("apiKey") => {
            let query =
                "mutation { apiKeyCreate(input: { name: \"a\", role: VIEWER }) { apiKey { id } } }";
            text(
                &world.graphql(&tenant.owner, query, json!({})).await["data"]["apiKeyCreate"]["apiKey"]
                    ["id"],
            )
        }
        "bulkJob" | "bulkJobCancel" | "bulkJobProgress" => {
            let query = "mutation { bulkJobCreate(input: { kind: POSTS_IMPORT, format: CSV, fileName: \"a.csv\", bytes: 3 }) {
                bulkJob { id } } }";
            let made = world.graphql(&tenant.editor, query, json!({})).await;
            text(&made["data"]["bulkJobCreate"]["bulkJob"]["id"])
        }
        "postPreview" | "postValidate" | "postCreate" | "quotaForecast" | "quotaSettingsUpdate" => {
            tenant.on(Network::X).to_owned()
        }
        _ if field.starts_with("webhook") => {
            let query =
                "mutation { webhookEndpointCreate(input: { url: \"https://example.org/hook\" }) {
                webhookEndpoint { id } } }";
            let made = world.graphql(&tenant.owner, query, json!({})).await;
            let endpoint = text(&made["data"]["webhookEndpointCreate"]["webhookEndpoint"]["id"]);
            if field.starts_with("webhookEndpoint") {
                return endpoint;
            }
            let query = "mutation($id: ID!) { webhookEndpointTest(input: { id: $id }) { webhookDelivery { id } } }";
            let sent = world
                .graphql(&tenant.owner, query, json!({ "id": endpoint }))
                .await;
            text(&sent["data"]["webhookEndpointTest"]["webhookDelivery"]["id"])
        }
        _ if field.starts_with("connection") => tenant.on(Network::Pinterest).to_owned(),
        _ => {
            let query = "mutation($id: ID!, $text: String!) { postCreate(input: { text: $text, targets: [{ connectionId: $id }] }) {
                post { id targets { id } } } }";
            let made = world
                .graphql(
                    &tenant.editor,
                    query,
                    json!({ "id": tenant.on(Network::X), "text": field }),
                )
                .await;
            let post = &made["data"]["postCreate"]["post"];
            if field.starts_with("target") {
                text(&post["targets"][0]["id"])
            } else {
                text(&post["id"])
            }
        }
    }
}

/// The code of an answer: of a GraphQL error, or of a payload's first error; empty without one.
async fn code(world: &World, key: &str, row: &Row, id: &str) -> String {
    let variables = if row.takes_id {
        json!({ "id": id })
    } else {
        json!({})
    };
    let answer = Follower::open(world, key, &row.document, variables)
        .await
        .next()
        .await
        .unwrap_or_default();
    let first = |errors: &Value, code: &str| {
        errors[0]
            .pointer(code)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let payload = answer["data"]
        .as_object()
        .and_then(|fields| fields.values().next())
        .cloned()
        .unwrap_or_default();
    first(&answer["errors"], "/extensions/code")
        .or_else(|| first(&payload["errors"], "/code"))
        .unwrap_or_else(|| {
            let nothing = matches!(row.field, "node" | "nodes")
                && (payload.is_null() || payload == json!([null]));
            if nothing {
                "NOT_FOUND".to_owned()
            } else {
                String::new()
            }
        })
}

fn key(tenant: &Tenant, least: Least) -> &str {
    match least {
        Least::Nobody => "",
        Least::Viewer => &tenant.viewer,
        Least::Editor => &tenant.editor,
        Least::Owner => &tenant.owner,
    }
}

#[tokio::test]
async fn every_root_field_asks_who_and_whose() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for row in table() {
        let (own, foreign) = (
            id(&world, &world.home, row.field).await,
            id(&world, &world.other, row.field).await,
        );
        let mut expect = |who: &str, told: String, good: bool| {
            if !good {
                wrong.push(format!("{} by {who}: {told}", row.field));
            }
        };
        if row.least != Least::Nobody {
            let told = code(&world, "", &row, &own).await;
            expect("nobody", told.clone(), told == "UNAUTHENTICATED");
        }
        let below = match row.least {
            Least::Nobody | Least::Viewer => None,
            Least::Editor => Some(Least::Viewer),
            Least::Owner => Some(Least::Editor),
        };
        if let Some(below) = below {
            let told = code(&world, key(&world.home, below), &row, &own).await;
            expect("a lesser role", told.clone(), told == "FORBIDDEN");
        }
        if row.takes_id {
            let told = code(&world, key(&world.home, row.least), &row, &foreign).await;
            expect("the wrong workspace", told.clone(), told == "NOT_FOUND");
        }
        let told = code(&world, key(&world.home, row.least), &row, &own).await;
        expect(
            "who may",
            told.clone(),
            !["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND"].contains(&told.as_str()),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_root_field_has_a_row() {
    let document = parse_schema(posthaste_api::graphql::sdl()).unwrap();
    let mut fields = Vec::new();
    for definition in document.definitions {
        if let TypeSystemDefinition::Type(definition) = definition
            && let TypeKind::Object(object) = definition.node.kind
            && matches!(
                definition.node.name.node.as_str(),
                "Query" | "Mutation" | "Subscription"
            )
        {
            fields.extend(
                object
                    .fields
                    .iter()
                    .map(|field| field.node.name.node.to_string()),
            );
        }
    }
    let mut rows: Vec<_> = table().iter().map(|row| row.field.to_owned()).collect();
    fields.sort();
    rows.sort();
    assert_eq!(fields, rows);
}
