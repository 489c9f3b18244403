//! What people do with connected accounts.

use posthaste_core::Network;
use serde_json::{Value, json};

use crate::world::{World, mutation};

const FIELDS: &str =
    "connection { id name status version defaultBoardId lane { pausedAt } allowedActions }";

/// Executes a mutation as the owner.
async fn change(world: &World, name: &str, fields: &str, input: Value) -> Value {
    change_as(world, &world.home.owner, name, fields, input).await
}

async fn change_as(world: &World, key: &str, name: &str, fields: &str, input: Value) -> Value {
    let answer = world
        .graphql(key, &mutation(name, fields), json!({ "input": input }))
        .await;
    assert_eq!(answer["errors"], Value::Null, "{name}");
    answer["data"][name].clone()
}

#[tokio::test]
async fn accounts_are_listed_in_pages_from_both_ends() {
    let world = World::new().await;
    let list = "query($first: Int, $after: String, $last: Int, $before: String) {
        connections(first: $first, after: $after, last: $last, before: $before) {
            totalCount edges { cursor } nodes { network name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let page = async |variables: Value| {
        let answer = world.graphql(&world.home.viewer, list, variables).await;
        assert_eq!(answer["errors"], Value::Null);
        answer["data"]["connections"].clone()
    };
    let networks = |page: &Value| -> Vec<String> {
        page["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["network"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = page(json!({})).await;
    assert_eq!((&all["totalCount"], networks(&all).len()), (&json!(4), 4));
    let order = networks(&all);

    let first = page(json!({ "first": 3 })).await;
    assert_eq!(networks(&first), order[..3]);
    assert_eq!(
        (
            &first["pageInfo"]["hasNextPage"],
            &first["pageInfo"]["hasPreviousPage"]
        ),
        (&json!(true), &json!(false))
    );
    let rest = page(json!({ "first": 3, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(networks(&rest), order[3..]);
    assert_eq!(
        (
            &rest["pageInfo"]["hasNextPage"],
            &rest["pageInfo"]["hasPreviousPage"]
        ),
        (&json!(false), &json!(true))
    );
    let last = page(json!({ "last": 2, "before": all["edges"][3]["cursor"] })).await;
    assert_eq!(networks(&last), order[1..3]);

    let filtered = "{ connections(filter: { networks: [X] }) { totalCount nodes { name } } }";
    let answer = world.graphql(&world.home.viewer, filtered, json!({})).await;
    assert_eq!(
        answer["data"]["connections"],
        json!({ "totalCount": 1, "nodes": [{ "name": "Home on X" }] })
    );
}

#[tokio::test]
async fn wrong_pages_cursors_and_ids_name_their_argument() {
    let world = World::new().await;
    let events = world
        .graphql(
            &world.home.viewer,
            "{ events(first: 1) { nodes { cursor } } }",
            json!({}),
        )
        .await;
    let foreign = events["data"]["events"]["nodes"][0]["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    for (arguments, code, path) in [
        ("first: 0".to_owned(), "INVALID_PAGE_SIZE", "first"),
        ("last: 101".to_owned(), "INVALID_PAGE_SIZE", "last"),
        ("first: 1, last: 1".to_owned(), "INVALID_PAGE_SIZE", "last"),
        ("after: \"nonsense\"".to_owned(), "INVALID_CURSOR", "after"),
        (format!("before: \"{foreign}\""), "INVALID_CURSOR", "before"),
    ] {
        let query = format!("{{ connections({arguments}) {{ totalCount }} }}");
        let answer = world.graphql(&world.home.viewer, &query, json!({})).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["path"]),
            (&json!(code), &json!([path])),
            "{arguments}"
        );
    }
    for (query, code) in [
        (
            "{ connection(id: \"post_01h455vb4pex5vsknk084sn02q\") { id } }",
            "INVALID_ID",
        ),
        (
            "{ connection(id: \"conn_01h455vb4pex5vsknk084sn02q\") { id } }",
            "NOT_FOUND",
        ),
        ("{ node(id: \"nonsense\") { id } }", "INVALID_ID"),
        (
            "{ node(id: \"evt_01h455vb4pex5vsknk084sn02q\") { id } }",
            "INVALID_ID",
        ),
    ] {
        let answer = world.graphql(&world.home.viewer, query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}");
    }
}

#[tokio::test]
async fn nodes_come_in_the_order_of_their_ids_and_never_from_elsewhere() {
    let world = World::new().await;
    let (x, foreign, workspace) = (
        world.home.on(Network::X),
        world.other.on(Network::X),
        world.home.workspace.to_string(),
    );
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id __typename ... on Connection { name lane { pausedAt } } } }";
    let answer = world
        .graphql(
            &world.home.viewer,
            query,
            json!({ "ids": [workspace, foreign, x] }),
        )
        .await;
    assert_eq!(
        answer["data"]["nodes"],
        json!([
            { "id": workspace, "__typename": "Workspace" },
            null,
            { "id": x, "__typename": "Connection", "name": "Home on X", "lane": { "pausedAt": null } },
        ])
    );
}

#[tokio::test]
async fn renaming_needs_the_version_that_was_read() {
    let world = World::new().await;
    let id = world.home.on(Network::Pinterest);
    let made = change(
        &world,
        "connectionUpdate",
        FIELDS,
        json!({ "id": id, "version": 1, "name": " Shop ", "defaultBoardId": "b1" }),
    )
    .await;
    assert_eq!(made["errors"], json!([]));
    let connection = &made["connection"];
    assert_eq!(
        (
            &connection["name"],
            &connection["version"],
            &connection["defaultBoardId"]
        ),
        (&json!("Shop"), &json!(2), &json!("b1"))
    );
    let stale = "connection { id } errors { __typename code path ... on ConflictError { conflicting } } warnings { code }";
    let query = format!(
        "mutation($input: ConnectionUpdateInput!) {{ connectionUpdate(input: $input) {{ {stale} }} }}"
    );
    let input = json!({ "id": id, "version": 1, "defaultBoardId": null });
    let answer = world
        .graphql(&world.home.owner, &query, json!({ "input": input }))
        .await;
    assert_eq!(
        answer["data"]["connectionUpdate"]["errors"],
        json!([{ "__typename": "ConflictError", "code": "VERSION_CONFLICT", "path": ["version"], "conflicting": "version" }])
    );
    let made = change(
        &world,
        "connectionUpdate",
        FIELDS,
        json!({ "id": id, "version": 2, "defaultBoardId": null }),
    )
    .await;
    assert_eq!(made["connection"]["defaultBoardId"], Value::Null);
    let made = change(
        &world,
        "connectionUpdate",
        FIELDS,
        json!({ "id": id, "version": 3, "name": " " }),
    )
    .await;
    assert_eq!(
        (&made["errors"][0]["code"], &made["errors"][0]["path"]),
        (&json!("INVALID_INPUT"), &json!(["name"]))
    );
}

#[tokio::test]
async fn an_account_is_paused_resumed_disabled_and_enabled() {
    let world = World::new().await;
    let id = world.home.on(Network::X);
    let at = "2027-01-04T08:00:00+00:00";
    for (name, status, paused_at, actions) in [
        (
            "connectionPause",
            "ACTIVE",
            json!(at),
            ["UPDATE", "RECONNECT", "REMOVE", "DISABLE", "RESUME"],
        ),
        (
            "connectionResume",
            "ACTIVE",
            Value::Null,
            ["UPDATE", "RECONNECT", "REMOVE", "DISABLE", "PAUSE"],
        ),
        (
            "connectionDisable",
            "DISABLED",
            json!(at),
            ["UPDATE", "RECONNECT", "REMOVE", "ENABLE", "RESUME"],
        ),
        (
            "connectionEnable",
            "ACTIVE",
            Value::Null,
            ["UPDATE", "RECONNECT", "REMOVE", "DISABLE", "PAUSE"],
        ),
    ] {
        let made = change(&world, name, FIELDS, json!({ "id": id })).await;
        let connection = &made["connection"];
        assert_eq!(
            (
                &connection["status"],
                &connection["lane"]["pausedAt"],
                &connection["allowedActions"]
            ),
            (&json!(status), &paused_at, &json!(actions)),
            "{name}"
        );
    }
    let told = "{ events(first: 100, types: [CONNECTION_UPDATED]) { nodes { type data provenance { kind } connection { name } } } }";
    let answer = world.graphql(&world.home.viewer, told, json!({})).await;
    let nodes = answer["data"]["events"]["nodes"].as_array().unwrap();
    let changes: Vec<_> = nodes
        .iter()
        .map(|node| node["data"]["change"].as_str().unwrap())
        .collect();
    assert_eq!(changes, ["paused", "resumed", "disabled", "enabled"]);
    assert_eq!(
        (
            &nodes[0]["provenance"]["kind"],
            &nodes[0]["connection"]["name"]
        ),
        (&json!("KEY"), &json!("Home on X"))
    );
}

#[tokio::test]
async fn removing_an_account_cancels_what_is_scheduled_on_it() {
    let world = World::new().await;
    let (x, facebook) = (world.home.on(Network::X), world.home.on(Network::Facebook));
    let post = world
        .change(
            "postCreate",
            "post { id }",
            json!({ "text": "Soon", "targets": [{ "connectionId": x }, { "connectionId": facebook }],
                "schedule": { "localTime": "2027-01-05T09:00", "timeZone": "Europe/Paris" } }),
        )
        .await["post"]["id"]
        .clone();
    let made = change(&world, "connectionRemove", FIELDS, json!({ "id": x })).await;
    assert_eq!(made["errors"], json!([]));
    assert_eq!(
        (
            &made["connection"]["status"],
            &made["connection"]["allowedActions"]
        ),
        (&json!("REMOVED"), &json!([]))
    );
    let read = world
        .ask(
            "query($id: ID!) { post(id: $id) { targets { network state } } }",
            json!({ "id": post }),
        )
        .await;
    let mut targets = read["post"]["targets"].as_array().unwrap().clone();
    targets.sort_by_key(|target| target["network"].to_string());
    assert_eq!(
        json!(targets),
        json!([{ "network": "FACEBOOK", "state": "SCHEDULED" }, { "network": "X", "state": "CANCELLED" }])
    );
    // Given back to the network, which does not answer in this test.
    assert_eq!(world.http.asked().len(), 1);
    let again = change(&world, "connectionRemove", FIELDS, json!({ "id": x })).await;
    assert_eq!(again["errors"][0]["code"], "CONNECTION_UNUSABLE");
    let listed = world.ask("{ connections { totalCount } }", json!({})).await;
    assert_eq!(listed["connections"]["totalCount"], 3);
}

#[tokio::test]
async fn only_admins_and_owners_change_accounts_and_only_their_own() {
    let world = World::new().await;
    let id = world.home.on(Network::X);
    let inputs = [
        (
            "connectionUpdate",
            json!({ "id": id, "version": 1, "name": "Mine" }),
        ),
        ("connectionEnable", json!({ "id": id })),
        ("connectionDisable", json!({ "id": id })),
        ("connectionPause", json!({ "id": id })),
        ("connectionResume", json!({ "id": id })),
        ("connectionRemove", json!({ "id": id })),
    ];
    for (name, input) in &inputs {
        for key in [&world.home.editor, &world.home.viewer] {
            let made = change_as(&world, key, name, "connection { id }", input.clone()).await;
            assert_eq!(made["errors"][0]["code"], "FORBIDDEN", "{name}");
        }
        let made = change_as(
            &world,
            &world.other.owner,
            name,
            "connection { id }",
            input.clone(),
        )
        .await;
        assert_eq!(made["errors"][0]["code"], "NOT_FOUND", "{name}");
    }
    let mine = world
        .graphql(
            &world.home.viewer,
            "query($id: ID!) { connection(id: $id) { version status } }",
            json!({ "id": id }),
        )
        .await;
    assert_eq!(
        mine["data"]["connection"],
        json!({ "version": 1, "status": "ACTIVE" })
    );
}

#[tokio::test]
async fn networks_tell_their_limits_as_data() {
    let world = World::new().await;
    let query = "{ networks { network configured breaker blockedUntil capabilities { maxText textUnit maxPictures boardRequired picture { formats maxBytes } } } }";
    let answer = world.graphql(&world.home.viewer, query, json!({})).await;
    let networks = answer["data"]["networks"].as_array().unwrap();
    let x = networks
        .iter()
        .find(|network| network["network"] == "X")
        .unwrap();
    assert_eq!(
        (
            &x["configured"],
            &x["breaker"],
            &x["capabilities"]["maxText"],
            &x["capabilities"]["maxPictures"]
        ),
        (&json!(true), &json!("CLOSED"), &json!(280), &json!(4))
    );
    let pinterest = networks
        .iter()
        .find(|network| network["network"] == "PINTEREST")
        .unwrap();
    assert_eq!(pinterest["capabilities"]["boardRequired"], true);
}
