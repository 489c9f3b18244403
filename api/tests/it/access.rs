//! Who may do what: every root field of the schema has its row here, with the permission that it takes.
//! A credential with this permission alone may use it, one with all others may not, and with another
//! workspace's ids it finds nothing, nor does whoever is limited to other connections. A new field without a
//! row fails.

mod matrix;
mod table;
mod wall;

use std::collections::HashMap;

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use posthaste_core::{
    Network,
    access::{Permission, PermissionSet, Role},
};
use posthaste_engine::session::{self, KeyKind, NewKey};
use serde_json::{Value, json};

use self::table::{Needs, Row, table};
use crate::{
    sse::Follower,
    world::{Tenant, World, person, picture},
};

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
        "oauthGrantRevoke" => crate::apps::granted(world, tenant).await,
        _ if field.starts_with("oauthApp") => {
            let query = "mutation { oauthAppCreate(input: { name: \"a\", redirectUris: [\"https://app.example/back\"],
                permissions: [READ], isConfidential: true }) { oauthApp { id } } }";
            text(
                &world.graphql(&tenant.owner, query, json!({})).await["data"]["oauthAppCreate"]["oauthApp"]
                    ["id"],
            )
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
        "member" | "memberUpdate" | "memberRemove" | "workspaceTransfer" => {
            let email = format!("{field}@{}.example", tenant.workspace).to_lowercase();
            person(world, tenant, &email, Role::Viewer).await
        }
        _ if field.starts_with("incident") => {
            crate::incident::opened(world, tenant.workspace, field).await
        }
        _ if field.starts_with("team") => {
            let query = "mutation($name: String!) { teamCreate(input: { name: $name, role: VIEWER }) { team { id } } }";
            let made = world
                .graphql(&tenant.owner, query, json!({ "name": field }))
                .await;
            text(&made["data"]["teamCreate"]["team"]["id"])
        }
        _ if field.starts_with("invitation") => {
            let query = "mutation($email: String!) { invitationCreate(input: { email: $email, role: VIEWER }) {
                invitation { id } } }";
            let email = format!("{field}@example.org").to_lowercase();
            let made = world
                .graphql(&tenant.owner, query, json!({ "email": email }))
                .await;
            text(&made["data"]["invitationCreate"]["invitation"]["id"])
        }
        _ if field.starts_with("customRole") => {
            let query = "mutation($name: String!) { customRoleCreate(input: { name: $name, permissions: [READ] }) {
                customRole { id } } }";
            let made = world
                .graphql(&tenant.owner, query, json!({ "name": field }))
                .await;
            text(&made["data"]["customRoleCreate"]["customRole"]["id"])
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

/// A key that may do everything that can be done with the connection on Instagram alone.
async fn limited(world: &World) -> String {
    let query = "mutation($permissions: [Permission!], $id: ID!) {
        apiKeyCreate(input: { name: \"Some\", permissions: $permissions, connectionIds: [$id] }) { secret } }";
    let own = PermissionSet::of(&[Permission::OwnWorkspace]);
    let variables = json!({
        "permissions": PermissionSet::ALL.without(own).names(), "id": world.home.on(Network::Instagram),
    });
    let made = world.graphql(&world.home.owner, query, variables).await;
    let secret = made["data"]["apiKeyCreate"]["secret"].as_str();
    secret.unwrap().to_owned()
}

/// What belongs to connections, by the prefix of its id: none of it is on Instagram here.
const OF_CONNECTIONS: [&str; 7] = [
    "post_", "target_", "conn_", "grant_", "whk_", "whd_", "job_",
];

/// A key of the home workspace with these permissions and no others, also such as nobody is given.
async fn key(world: &World, permissions: PermissionSet) -> String {
    let new = NewKey {
        id: None,
        name: "Some".into(),
        role: Role::Viewer,
        kind: KeyKind::Test,
    };
    let made = session::create_key(&world.app, world.home.workspace, new).await;
    let (secret, row) = made.unwrap();
    let (client, connection) = world.app.db.address().wire().await.unwrap();
    let driving = tokio::spawn(connection);
    let change = format!(
        "UPDATE api_keys SET role = 'CUSTOM', permissions = '{{{}}}' WHERE id = '{}'",
        permissions.names().join(","),
        row.id.uuid()
    );
    client.batch_execute(&change).await.unwrap();
    driving.abort();
    secret.expose().to_owned()
}

/// Keys by permission: one that has it besides `READ`, and one that has all but it.
async fn keys(world: &World) -> HashMap<Permission, (String, String)> {
    let mut keys = HashMap::new();
    for permission in Permission::ALL {
        let alone = PermissionSet::of(&[*permission]);
        let with = if *permission == Permission::Read {
            world.home.viewer.clone()
        } else {
            key(world, alone.either(PermissionSet::of(&[Permission::Read]))).await
        };
        let without = key(world, PermissionSet::ALL.without(alone)).await;
        keys.insert(*permission, (with, without));
    }
    keys
}

#[tokio::test]
async fn every_root_field_asks_who_and_whose() {
    let world = World::new().await;
    let keys = keys(&world).await;
    let limited = limited(&world).await;
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
        if row.needs != Needs::Nobody {
            let told = code(&world, "", &row, &own).await;
            expect("nobody", told.clone(), told == "UNAUTHENTICATED");
        }
        let able: &str = match row.needs {
            Needs::Nobody => "",
            Needs::Credential => &world.home.viewer,
            Needs::Only(permission) => {
                let (with, without) = &keys[&permission];
                let told = code(&world, without, &row, &own).await;
                expect("who has all else", told.clone(), told == "FORBIDDEN");
                with
            }
        };
        // Only people hand over; another workspace's people are tried in `members.rs`.
        if row.takes_id && row.field != "workspaceTransfer" {
            let told = code(&world, able, &row, &foreign).await;
            expect("the wrong workspace", told.clone(), told == "NOT_FOUND");
        }
        let is_limited = OF_CONNECTIONS.iter().any(|prefix| own.starts_with(prefix));
        if row.takes_id && is_limited {
            let told = code(&world, &limited, &row, &own).await;
            let refused = ["NOT_FOUND", "FORBIDDEN"].contains(&told.as_str());
            expect("who is limited to others", told, refused);
        }
        let told = code(&world, able, &row, &own).await;
        // A refresh token is a credential of its own; `session/refresh.rs` has a good one.
        let good = row.field == "sessionRefresh" && told == "UNAUTHENTICATED";
        expect(
            "who may",
            told.clone(),
            good || !["UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND"].contains(&told.as_str()),
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

/// Whose a thing is and how it stands, the credential and the server know; no request says so by itself.
#[test]
fn no_input_says_whose_something_is_or_how_it_stands() {
    let said = [
        "workspace",
        "workspaceId",
        "author",
        "provenance",
        "userId",
        "state",
        "status",
        "createdAt",
    ];
    let document = parse_schema(posthaste_api::graphql::sdl()).unwrap();
    let mut found = Vec::new();
    for definition in document.definitions {
        if let TypeSystemDefinition::Type(definition) = definition
            && let TypeKind::InputObject(object) = definition.node.kind
        {
            let names = object
                .fields
                .iter()
                .map(|field| field.node.name.node.as_str());
            let names = names.filter(|name| said.contains(name));
            found.extend(names.map(|name| format!("{}.{name}", definition.node.name.node)));
        }
    }
    found.sort();
    // The status of an HTTP answer, and the one of one's own workspaces to sign in to.
    assert_eq!(
        found,
        [
            "RequestLogFilter.status",
            "SandboxFaultInput.status",
            "SandboxResetInput.workspace",
            "SessionCreateByPasskeyInput.workspaceId",
            "SessionCreateInput.workspaceId",
            "SessionFromProviderInput.workspaceId",
        ]
    );
}
