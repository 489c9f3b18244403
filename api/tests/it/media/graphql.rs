use super::*;

const ALL: &str = "id status fileName bytes contentType width height durationMs animated altText url uploadUrl \
    expiresAt error { code message advice } uses provenance { kind keyId } createdAt allowedActions";

/// The codes and paths of a payload's errors.
fn errors(payload: &Value) -> Vec<(String, String)> {
    let list = payload["errors"].as_array().unwrap();
    let path = |error: &Value| {
        error["path"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part.as_str().unwrap())
            .collect::<Vec<_>>()
            .join(".")
    };
    list.iter()
        .map(|error| (error["code"].as_str().unwrap().to_owned(), path(error)))
        .collect()
}

fn error(code: &str, path: &str) -> (String, String) {
    (code.to_owned(), path.to_owned())
}

#[tokio::test]
async fn an_upload_begins_in_graphql_and_goes_on_over_http() {
    let world = World::new().await;
    let file = jpeg();
    let input = json!({ "fileName": "cat.jpg", "bytes": file.len(), "altText": "A cat" });
    let payload = world
        .change(
            "mediaUploadCreate",
            &format!("media {{ {ALL} }} uploadUrl"),
            input,
        )
        .await;
    let media = &payload["media"];
    let id = media["id"].as_str().unwrap();
    assert_eq!(
        payload["uploadUrl"],
        format!("https://posthaste.test/media/{id}")
    );
    assert_eq!(media["uploadUrl"], payload["uploadUrl"]);
    assert_eq!(
        (&media["status"], &media["contentType"], &media["url"]),
        (&json!("UPLOADING"), &Value::Null, &Value::Null)
    );
    assert_eq!(
        media["allowedActions"],
        json!(["UPLOAD", "UPDATE", "DELETE"])
    );

    let request = by(&world.home.editor, "PATCH", &format!("/media/{id}"))
        .header("upload-offset", 0)
        .header("content-type", "application/offset+octet-stream")
        .body(Body::from(file.clone()));
    assert_eq!(
        world.send(request.unwrap()).await.status(),
        StatusCode::NO_CONTENT
    );

    let query = format!(
        "query($id: ID!) {{ media(id: $id) {{ {ALL} }} node(id: $id) {{ __typename id }} }}"
    );
    let data = world.ask(&query, json!({ "id": id })).await;
    let media = &data["media"];
    assert_eq!(data["node"], json!({ "__typename": "Media", "id": id }));
    assert_eq!(media["provenance"]["kind"], "KEY");
    assert!(
        media["url"]
            .as_str()
            .unwrap()
            .starts_with("https://posthaste.test/media/")
    );
    for (field, value) in [
        ("status", json!("READY")),
        ("fileName", json!("cat.jpg")),
        ("bytes", json!(file.len())),
        ("contentType", json!("image/jpeg")),
        ("width", json!(64)),
        ("height", json!(48)),
        ("durationMs", Value::Null),
        ("animated", json!(false)),
        ("altText", json!("A cat")),
        ("uploadUrl", Value::Null),
        ("expiresAt", Value::Null),
        ("error", Value::Null),
        ("uses", json!(0)),
        ("createdAt", json!("2027-01-04T08:00:00+00:00")),
        ("allowedActions", json!(["UPDATE", "DELETE"])),
    ] {
        assert_eq!(media[field], value, "{field}");
    }
}

#[tokio::test]
async fn all_violations_are_named_at_once() {
    let world = World::new().await;
    let input = json!({ "id": "post_1", "fileName": "", "bytes": -1, "altText": "x".repeat(2001) });
    let payload = world
        .change("mediaUploadCreate", "media { id } uploadUrl", input)
        .await;
    assert_eq!(
        (&payload["media"], &payload["uploadUrl"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        errors(&payload),
        [
            error("INVALID_ID", "id"),
            error("INVALID_INPUT", "fileName"),
            error("INVALID_INPUT", "bytes"),
            error("ALT_TEXT_TOO_LONG", "altText"),
        ],
    );
    let input = json!({ "fileName": "x", "bytes": 2_147_483_648_u64 });
    let payload = world
        .change("mediaUploadCreate", "media { id }", input)
        .await;
    assert_eq!(errors(&payload), [error("MEDIA_TOO_LARGE", "bytes")]);
}

#[tokio::test]
async fn a_chosen_id_is_taken_once() {
    let world = World::new().await;
    let id = MediaId::new(&world.clock, &*world.app.random).to_string();
    let input = json!({ "id": id, "fileName": "x", "bytes": 1 });
    let payload = world
        .change("mediaUploadCreate", "media { id }", input.clone())
        .await;
    assert_eq!(payload["media"]["id"], id);
    let payload = world
        .change("mediaUploadCreate", "media { id }", input)
        .await;
    assert_eq!(errors(&payload), [error("ALREADY_EXISTS", "id")]);
}

#[tokio::test]
async fn media_is_described_and_removed() {
    let world = World::new().await;
    let id = world.upload(&world.home, "cat.jpg", jpeg()).await;
    for (input, kept) in [
        (json!({ "id": id, "altText": "A cat" }), json!("A cat")),
        (json!({ "id": id }), json!("A cat")),
        (json!({ "id": id, "altText": null }), Value::Null),
    ] {
        let payload = world
            .change("mediaUpdate", "media { altText }", input)
            .await;
        assert_eq!(payload["media"]["altText"], kept);
    }
    let payload = world
        .change("mediaDelete", "deletedId", json!({ "id": id }))
        .await;
    assert_eq!(payload["deletedId"], id);
    let payload = world
        .change("mediaDelete", "deletedId", json!({ "id": id }))
        .await;
    assert_eq!(
        (&payload["deletedId"], errors(&payload)),
        (&Value::Null, vec![error("NOT_FOUND", "")])
    );
    let payload = world
        .change(
            "mediaUpdate",
            "media { id }",
            json!({ "id": "x", "altText": "y" }),
        )
        .await;
    assert_eq!(errors(&payload), [error("INVALID_ID", "id")]);
}

#[tokio::test]
async fn another_workspace_sees_nothing_and_a_viewer_changes_nothing() {
    let world = World::new().await;
    let id = world.upload(&world.home, "cat.jpg", jpeg()).await;
    let query = "query($id: ID!) { media(id: $id) { id allowedActions } }";
    let answer = world
        .graphql(&world.other.editor, query, json!({ "id": id }))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "NOT_FOUND");
    let answer = world
        .graphql(&world.home.viewer, query, json!({ "id": id }))
        .await;
    assert_eq!(
        answer["data"]["media"],
        json!({ "id": id, "allowedActions": [] })
    );
    let answer = world
        .graphql(&world.home.viewer, query, json!({ "id": "conn_x" }))
        .await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID_ID");
    let listed = world
        .graphql(
            &world.other.editor,
            "{ mediaList { totalCount edges { node { id } } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        listed["data"]["mediaList"],
        json!({ "totalCount": 0, "edges": [] })
    );

    for (name, fields, input) in [
        (
            "mediaUploadCreate",
            "media { id }",
            json!({ "fileName": "x", "bytes": 1 }),
        ),
        (
            "mediaUpdate",
            "media { id }",
            json!({ "id": id, "altText": "x" }),
        ),
        ("mediaDelete", "deletedId", json!({ "id": id })),
    ] {
        let document = crate::world::mutation(name, fields);
        let answer = world
            .graphql(&world.home.viewer, &document, json!({ "input": input }))
            .await;
        assert_eq!(
            errors(&answer["data"][name]),
            [error("FORBIDDEN", "")],
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_list_pages_in_both_directions_and_filters() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        ids.push(world.upload(&world.home, name, jpeg()).await);
        world.clock.advance(chrono::TimeDelta::seconds(1));
    }
    let failed = world
        .upload(&world.home, "bad.jpg", b"no picture".to_vec())
        .await;

    let query =
        "query($first: Int, $after: String, $last: Int, $before: String, $filter: MediaFilter) {
        mediaList(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
            totalCount edges { cursor node { id uses } } pageInfo { hasNextPage hasPreviousPage }
        }
    }";
    let page = |variables: Value| {
        let world = &world;
        async move {
            let list = world.ask(query, variables).await["mediaList"].clone();
            let nodes: Vec<String> = list["edges"]
                .as_array()
                .unwrap()
                .iter()
                .map(|edge| edge["node"]["id"].as_str().unwrap().to_owned())
                .collect();
            (nodes, list)
        }
    };
    let (nodes, list) = page(json!({ "first": 2 })).await;
    assert_eq!((nodes, &list["totalCount"]), (ids[..2].to_vec(), &json!(4)));
    assert_eq!(
        list["pageInfo"],
        json!({ "hasNextPage": true, "hasPreviousPage": false })
    );
    let (nodes, _) = page(json!({ "first": 2, "after": list["edges"][1]["cursor"] })).await;
    assert_eq!(nodes, [ids[2].clone(), failed.clone()]);
    let (nodes, list) = page(json!({ "last": 1, "filter": { "statuses": ["READY"] } })).await;
    assert_eq!(
        (nodes, &list["totalCount"]),
        (vec![ids[2].clone()], &json!(3))
    );
    let (nodes, _) = page(json!({ "filter": { "statuses": ["FAILED"] } })).await;
    assert_eq!(nodes, [failed]);
}

#[tokio::test]
async fn media_in_a_post_stays() {
    let world = World::new().await;
    let id = world.upload(&world.home, "cat.jpg", jpeg()).await;
    let input = json!({ "text": "Look", "media": [{ "id": id }] });
    let payload = world.change("postCreate", "post { id }", input).await;
    let post = payload["post"]["id"].clone();

    let query = "query($id: ID!) { media(id: $id) { uses allowedActions } }";
    let used = world.ask(query, json!({ "id": id })).await;
    assert_eq!(
        used["media"],
        json!({ "uses": 1, "allowedActions": ["UPDATE"] })
    );
    let payload = world
        .change("mediaDelete", "deletedId", json!({ "id": id }))
        .await;
    assert_eq!(errors(&payload), [error("MEDIA_IN_USE", "")]);
    let request = by(&world.home.editor, "DELETE", &format!("/media/{id}"))
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        problem(world.send(request).await).await,
        refused(409, "MEDIA_IN_USE")
    );

    let gone = world
        .change("postDelete", "deletedId", json!({ "id": post }))
        .await;
    assert_eq!(gone["deletedId"], post);
    let free = world.ask(query, json!({ "id": id })).await;
    assert_eq!(
        free["media"],
        json!({ "uses": 0, "allowedActions": ["UPDATE", "DELETE"] })
    );
    let payload = world
        .change("mediaDelete", "deletedId", json!({ "id": id }))
        .await;
    assert_eq!(payload["deletedId"], id);
}
