//! Bulk jobs through the API: created, uploaded, worked on, followed, read.

use std::collections::HashMap;

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, InputObjectType, Type, TypeKind, TypeSystemDefinition},
};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
    response::Response,
};
use posthaste_core::Network;
use posthaste_engine::bulk;
use posthaste_testkit::{count_statements, statements};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    sse::Follower,
    world::{PUBLIC_URL, World, body},
};

const JOB: &str = "bulkJob { id state uploadUrl resultsUrl lines done created skipped invalid \
                   allowedActions error { code message advice } }";

async fn created(world: &World, format: &str, file: &str, dry_run: bool) -> Value {
    let input = json!({
        "kind": "POSTS_IMPORT", "format": format, "fileName": "posts", "bytes": file.len(), "dryRun": dry_run,
    });
    let payload = world.change("bulkJobCreate", JOB, input).await;
    assert_eq!(payload["errors"], json!([]));
    payload["bulkJob"].clone()
}

fn path(url: &Value) -> &str {
    url.as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap()
}

async fn request(
    world: &World,
    method: &str,
    path: &str,
    key: &str,
    part: Option<(usize, &str)>,
) -> Response {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"));
    if let Some((offset, _)) = part {
        request = request
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream");
    }
    let bytes = part.map_or_else(Body::empty, |(_, bytes)| Body::from(bytes.to_owned()));
    world.send(request.body(bytes).unwrap()).await
}

/// A job whose file has arrived; its id.
pub async fn uploaded(world: &World, format: &str, file: &str, dry_run: bool) -> String {
    let job = created(world, format, file, dry_run).await;
    let upload = path(&job["uploadUrl"]);
    let response = request(world, "PATCH", upload, &world.home.editor, Some((0, file))).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    job["id"].as_str().unwrap().to_owned()
}

/// Works on all jobs until nothing is left.
pub async fn work(world: &World) {
    let stop = CancellationToken::new();
    while bulk::work(&world.app, &stop).await.unwrap() {}
}

#[tokio::test]
async fn a_file_becomes_posts_and_each_line_has_its_result() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let lines = [
        json!({ "key": "a", "text": "First", "targets": [{ "connectionId": x }], "schedule": { "at": "2027-01-05T09:00:00Z" } }),
        json!({ "key": "b", "colour": "red" }),
        json!({ "key": "a", "text": "Again" }),
    ];
    let file = lines.map(|line| line.to_string()).join("\n");
    let job = created(&world, "JSONL", &file, false).await;
    assert_eq!(
        (&job["state"], &job["lines"]),
        (&json!("UPLOADING"), &Value::Null)
    );
    assert_eq!(job["allowedActions"], json!(["UPLOAD", "CANCEL"]));

    // In two parts, with a look between them.
    let upload = path(&job["uploadUrl"]);
    let editor = &world.home.editor;
    let (first, rest) = file.split_at(30);
    request(&world, "PATCH", upload, editor, Some((0, first))).await;
    let head = request(&world, "HEAD", upload, editor, None).await;
    assert_eq!(head.headers()["upload-offset"], "30");
    assert_eq!(head.headers()["upload-length"], file.len().to_string());
    assert!(head.headers().contains_key("upload-expires"));
    let last = request(&world, "PATCH", upload, editor, Some((30, rest))).await;
    assert_eq!(last.headers()["upload-offset"], file.len().to_string());
    assert!(!last.headers().contains_key("upload-expires"));

    let follow = "subscription($id: ID!) { bulkJobProgress(id: $id) { state lines done created } }";
    let mut follower = Follower::open(
        &world,
        &world.home.viewer,
        follow,
        json!({ "id": job["id"] }),
    )
    .await;
    let present = follower.next().await.unwrap();
    assert_eq!(present["data"]["bulkJobProgress"]["state"], "QUEUED");
    work(&world).await;
    let end = follower.next().await.unwrap();
    assert_eq!(
        end["data"]["bulkJobProgress"],
        json!({ "state": "FINISHED", "lines": 3, "done": 3, "created": 1 })
    );
    assert_eq!(follower.next().await, None);

    let query = "query($id: ID!, $filter: BulkResultFilter) { bulkJob(id: $id) {
        state created skipped invalid uploadUrl allowedActions
        results(filter: $filter) { totalCount pageInfo { hasNextPage } nodes {
            line outcome key postId post { content { text } status }
            errors { code path message advice docsUrl } warnings { code } } } } }";
    let told = world.ask(query, json!({ "id": job["id"] })).await["bulkJob"].take();
    assert_eq!(
        [
            &told["state"],
            &told["created"],
            &told["skipped"],
            &told["invalid"],
            &told["uploadUrl"]
        ],
        [
            &json!("FINISHED"),
            &json!(1),
            &json!(1),
            &json!(1),
            &Value::Null
        ]
    );
    assert_eq!(told["allowedActions"], json!([]));
    assert_eq!(told["results"]["totalCount"], 3);
    let nodes = &told["results"]["nodes"];
    assert_eq!(
        nodes[0]["post"],
        json!({ "content": { "text": "First" }, "status": "SCHEDULED" })
    );
    assert_eq!(nodes[2]["outcome"], "SKIPPED");
    assert_eq!(nodes[2]["postId"], nodes[0]["postId"]);
    let invalid = world
        .ask(
            query,
            json!({ "id": job["id"], "filter": { "outcome": "INVALID" } }),
        )
        .await;
    let results = &invalid["bulkJob"]["results"];
    assert_eq!(results["totalCount"], 1);
    let line = &results["nodes"][0];
    assert_eq!(
        (&line["line"], &line["key"], &line["postId"]),
        (&json!(2), &json!("b"), &Value::Null)
    );
    let error = &line["errors"][0];
    assert_eq!(
        (&error["code"], &error["path"]),
        (&json!("INVALID_INPUT"), &json!(["colour"]))
    );
    assert_eq!(
        error["docsUrl"],
        format!("{PUBLIC_URL}/docs/errors/invalid-input")
    );
    let node = world
        .ask(
            "query($id: ID!) { node(id: $id) { ... on BulkJob { done } } }",
            json!({ "id": job["id"] }),
        )
        .await;
    assert_eq!(node["node"]["done"], 3);
    let events = "{ events(types: [BULK_JOB_STARTED, BULK_JOB_FINISHED]) { nodes { type data } } }";
    let events = world.ask(events, json!({})).await;
    assert_eq!(events["events"]["nodes"][1]["data"]["jobId"], job["id"]);
    assert_eq!(events["events"]["nodes"][1]["data"]["state"], "FINISHED");
}

#[tokio::test]
async fn results_are_one_file_and_pages_in_both_directions() {
    let world = World::new().await;
    let file: String = (1..=1200)
        .map(|n| {
            if n % 3 == 0 {
                "x\n".to_owned()
            } else {
                "{}\n".to_owned()
            }
        })
        .collect();
    let id = uploaded(&world, "JSONL", &file, true).await;
    work(&world).await;
    let address = format!("/bulk/{id}/results");
    let answer = request(&world, "GET", &address, &world.home.viewer, None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "application/jsonl");
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX)
        .await
        .unwrap();
    let lines: Vec<Value> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1200);
    assert!(
        lines
            .iter()
            .enumerate()
            .all(|(index, line)| line["line"] == index + 1)
    );
    assert_eq!(lines[2]["outcome"], "INVALID");
    assert_eq!(lines[2]["errors"][0]["code"], "BAD_REQUEST");
    for (key, path, status) in [
        ("", address.as_str(), 401),
        (world.other.editor.as_str(), address.as_str(), 404),
        (world.home.viewer.as_str(), "/bulk/nonsense/results", 400),
    ] {
        let answer = request(&world, "GET", path, key, None).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }

    let page = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { bulkJob(id: $id) {
        results(filter: { outcome: INVALID }, first: $first, after: $after, last: $last, before: $before) {
            totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { line } } } }";
    let ask = |variables: Value| {
        let mut variables = variables;
        variables["id"] = json!(id);
        world.ask(page, variables)
    };
    let lines = |answer: &Value| answer["bulkJob"]["results"]["nodes"].clone();
    let first = ask(json!({ "first": 2 })).await;
    assert_eq!(lines(&first), json!([{ "line": 3 }, { "line": 6 }]));
    let info = first["bulkJob"]["results"]["pageInfo"].clone();
    assert_eq!(
        (&info["hasNextPage"], &info["hasPreviousPage"]),
        (&json!(true), &json!(false))
    );
    let next = ask(json!({ "first": 1, "after": info["endCursor"] })).await;
    assert_eq!(lines(&next), json!([{ "line": 9 }]));
    let last = ask(json!({ "last": 2 })).await;
    assert_eq!(lines(&last), json!([{ "line": 1197 }, { "line": 1200 }]));
    let start = last["bulkJob"]["results"]["pageInfo"]["startCursor"].clone();
    let before = ask(json!({ "last": 1, "before": start })).await;
    assert_eq!(lines(&before), json!([{ "line": 1194 }]));
    assert_eq!(before["bulkJob"]["results"]["totalCount"], 400);
}

#[tokio::test]
async fn the_results_of_a_list_of_jobs_are_one_query() {
    count_statements();
    let world = World::new().await;
    let query = "{ bulkJobs { nodes { results(first: 1) { nodes { line } } } } }";
    let mut sent = Vec::new();
    for jobs in [2, 7] {
        while bulk::count(&world.app, &world.home.system(), None)
            .await
            .unwrap()
            < jobs
        {
            uploaded(&world, "JSONL", "{}\nx\n", true).await;
        }
        work(&world).await;
        let before = statements();
        let answer = world.ask(query, json!({})).await;
        sent.push(statements() - before);
        let nodes = answer["bulkJobs"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len() as i64, jobs);
        assert!(
            nodes
                .iter()
                .all(|job| job["results"]["nodes"] == json!([{ "line": 1 }]))
        );
    }
    assert_eq!(sent[0], sent[1]);
}

#[tokio::test]
async fn wrong_files_and_stopped_jobs_say_so() {
    let world = World::new().await;
    let id = uploaded(&world, "CSV", "name;text\nx;y\n", false).await;
    work(&world).await;
    let query = "query($id: ID!) { bulkJob(id: $id) { state error { code message advice } } }";
    let failed = world.ask(query, json!({ "id": id })).await["bulkJob"].take();
    assert_eq!(failed["state"], "FAILED");
    assert_eq!(failed["error"]["code"], "INVALID_INPUT");
    assert!(
        failed["error"]["message"]
            .as_str()
            .unwrap()
            .contains("connections")
    );

    let job = created(&world, "CSV", "text\na\n", false).await;
    let stopped = world
        .change("bulkJobCancel", JOB, json!({ "id": job["id"] }))
        .await;
    assert_eq!(stopped["bulkJob"]["state"], "CANCELLED");
    let again = world
        .change("bulkJobCancel", JOB, json!({ "id": job["id"] }))
        .await;
    assert_eq!(again["errors"][0]["code"], "INVALID_STATE");
    let late = request(
        &world,
        "PATCH",
        path(&job["uploadUrl"]),
        &world.home.editor,
        Some((0, "text")),
    )
    .await;
    assert_eq!(body(late).await.1["code"], "INVALID_STATE");
    let job = created(&world, "CSV", "text\na\n", false).await;
    let upload = path(&job["uploadUrl"]);
    for (key, status) in [
        (&world.home.viewer, 403),
        (&world.other.editor, 404),
        (&world.home.editor, 204),
        (&world.home.editor, 409),
    ] {
        let answer = request(&world, "DELETE", upload, key, None).await;
        assert_eq!(answer.status().as_u16(), status);
    }
    let states = "{ bulkJobs(filter: { states: [CANCELLED] }) { totalCount nodes { state } } }";
    let list = world.ask(states, json!({})).await;
    assert_eq!(list["bulkJobs"]["totalCount"], 2);
    let other = world.graphql(&world.other.editor, states, json!({})).await;
    assert_eq!(other["data"]["bulkJobs"]["totalCount"], 0);
}

/// A value for every field of an input type, and of those inside it.
fn sample(types: &HashMap<String, TypeKind>, ty: &Type) -> Value {
    match &ty.base {
        BaseType::List(inner) => json!([sample(types, inner)]),
        BaseType::Named(name) => match (name.as_str(), types.get(name.as_str())) {
            (_, Some(TypeKind::InputObject(input))) => object(types, input),
            (_, Some(TypeKind::Enum(list))) => json!(list.values[0].node.value.node.as_str()),
            ("Boolean", _) => json!(false),
            ("Float", _) => json!(0.5),
            ("DateTime", _) => json!("2027-01-05T09:00:00Z"),
            ("LocalDateTime", _) => json!("2027-01-05T09:00"),
            ("String" | "ID", _) => json!("x"),
            (other, _) => panic!("no sample of {other}"),
        },
    }
}

fn object(types: &HashMap<String, TypeKind>, input: &InputObjectType) -> Value {
    let fields = input.fields.iter().map(|field| {
        let name = field.node.name.node.to_string();
        (name, sample(types, &field.node.ty.node))
    });
    // Of a job, not of a line.
    Value::Object(
        fields
            .filter(|(name, _)| name != "dryRun")
            .collect::<Map<_, _>>(),
    )
}

#[tokio::test]
async fn a_line_takes_every_field_that_a_new_post_has() {
    let types: HashMap<String, TypeKind> = parse_schema(posthaste_api::graphql::sdl())
        .unwrap()
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) => Some((ty.node.name.node.to_string(), ty.node.kind)),
            _ => None,
        })
        .collect();
    let TypeKind::InputObject(input) = &types["PostCreateInput"] else {
        panic!("PostCreateInput is an input");
    };
    let world = World::new().await;
    let line = object(&types, input).to_string();
    let id = uploaded(&world, "JSONL", &line, true).await;
    work(&world).await;
    let query =
        "query($id: ID!) { bulkJob(id: $id) { results { nodes { errors { message path } } } } }";
    let told = world.ask(query, json!({ "id": id })).await;
    let errors = told["bulkJob"]["results"]["nodes"][0]["errors"]
        .as_array()
        .unwrap()
        .clone();
    assert!(!errors.is_empty(), "'x' is no id");
    let misread = [
        "There is no field",
        "is no text",
        "is no list",
        "is no number",
        "is no JSON",
        "neither true",
        "not known here",
    ];
    for error in errors {
        let message = error["message"].as_str().unwrap();
        assert!(
            !misread.iter().any(|sign| message.contains(sign)),
            "{error}"
        );
    }
}
