//! Posts from the first word to the schedule and back.

use image::ImageFormat;
use posthaste_core::Network;
use serde_json::{Value, json};

use crate::world::{World, picture};

const POST: &str = "post { id version status dueAt content { text title link kind } \
    targets { network state dueAt schedule { localTime timeZone } boardId misfirePolicy ifAbsent } allowedActions }";

/// Codes and paths of a payload's errors.
fn told(payload: &Value) -> Vec<(String, String)> {
    let one = |error: &Value| {
        let path: Vec<&str> = error["path"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part.as_str().unwrap())
            .collect();
        (error["code"].as_str().unwrap().to_owned(), path.join("."))
    };
    payload["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(one)
        .collect()
}

fn kinds(events: &Value) -> Vec<&str> {
    events["events"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

async fn story(world: &World) -> Value {
    world
        .ask("{ events(first: 100) { nodes { type } } }", json!({}))
        .await
}

#[tokio::test]
async fn a_draft_is_written_and_read_back() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let made = world
        .change("postCreate", POST, json!({ "text": "Hello", "link": "https://example.com/a", "targets": [{ "connectionId": x }] }))
        .await;
    assert_eq!(made["errors"], json!([]));
    let post = &made["post"];
    assert_eq!(
        *post,
        json!({
            "id": post["id"], "version": 1, "status": "DRAFT", "dueAt": null,
            "content": { "text": "Hello", "title": null, "link": "https://example.com/a", "kind": "FEED" },
            "targets": [{
                "network": "X", "state": "DRAFT", "dueAt": null, "schedule": null, "boardId": null,
                "misfirePolicy": "ASK", "ifAbsent": "RESEND",
            }],
            "allowedActions": ["UPDATE", "SCHEDULE", "PUBLISH_NOW", "CANCEL", "DELETE"],
        })
    );
    let read = world
        .ask(
            "query($id: ID!) { post(id: $id) { content { text } } }",
            json!({ "id": post["id"] }),
        )
        .await;
    assert_eq!(read["post"]["content"]["text"], "Hello");
    let viewer = world
        .graphql(
            &world.home.viewer,
            "query($id: ID!) { post(id: $id) { allowedActions } }",
            json!({ "id": post["id"] }),
        )
        .await;
    assert_eq!(viewer["data"]["post"]["allowedActions"], json!([]));
}

#[tokio::test]
async fn a_chosen_id_makes_a_repeat_harmless() {
    let world = World::new().await;
    let input = json!({ "id": "post_01h455vb4pex5vsknk084sn02q", "text": "Once" });
    let first = world
        .change("postCreate", "post { id }", input.clone())
        .await;
    assert_eq!(first["post"]["id"], "post_01h455vb4pex5vsknk084sn02q");
    let again = world.change("postCreate", "post { id }", input).await;
    assert_eq!(
        (&again["post"], told(&again)),
        (&Value::Null, vec![("ALREADY_EXISTS".into(), "id".into())])
    );
}

/// What cannot be read and what the rules forbid are told in one answer, each place once.
#[tokio::test]
async fn all_that_is_wrong_is_told_at_once() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let wrong = json!({
        "text": "a".repeat(281),
        "media": [{ "id": "nonsense" }, { "id": "media_01h455vb4pex5vsknk084sn02q" }],
        "targets": [{ "connectionId": "nonsense" }, { "connectionId": x }],
        "schedule": { "localTime": "2027-03-28T09:00", "timeZone": "Mars/Base" },
    });
    let expected = vec![
        ("INVALID_ID".to_owned(), "media.0.id".to_owned()),
        ("INVALID_ID".into(), "targets.0.connectionId".into()),
        ("INVALID_TIME_ZONE".into(), "schedule.timeZone".into()),
        ("NOT_FOUND".into(), "media.1.id".into()),
        ("TEXT_TOO_LONG".into(), "text".into()),
    ];
    let refused = world.change("postCreate", "post { id }", wrong).await;
    assert_eq!((&refused["post"], told(&refused)), (&Value::Null, expected));

    let post = world
        .change(
            "postCreate",
            "post { id }",
            json!({ "text": "Fine", "targets": [{ "connectionId": x }] }),
        )
        .await["post"]["id"]
        .clone();
    let refused = world
        .change(
            "postUpdate",
            "post { id }",
            json!({ "id": post, "link": "ftp://example.org", "targets": [{ "connectionId": "nonsense" }] }),
        )
        .await;
    assert_eq!(
        told(&refused),
        [
            ("INVALID_ID".to_owned(), "targets.0.connectionId".to_owned()),
            ("LINK_INVALID".into(), "link".into()),
        ]
    );
}

#[tokio::test]
async fn nine_in_paris_on_the_sunday_the_clocks_change() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let made = world
        .change(
            "postCreate",
            POST,
            json!({
                "text": "Early", "targets": [{ "connectionId": x }],
                "schedule": { "localTime": "2027-03-28T09:00", "timeZone": "Europe/Paris" },
            }),
        )
        .await;
    let post = &made["post"];
    assert_eq!(
        (&post["status"], &post["dueAt"]),
        (&json!("SCHEDULED"), &json!("2027-03-28T07:00:00+00:00"))
    );
    assert_eq!(
        post["targets"][0]["schedule"],
        json!({ "localTime": "2027-03-28T09:00:00", "timeZone": "Europe/Paris" })
    );
    assert_eq!(
        kinds(&story(&world).await)[4..],
        ["POST_CREATED", "TARGET_SCHEDULED"]
    );
}

#[tokio::test]
async fn the_workspace_zone_is_the_default_and_a_skipped_time_is_told() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let made = world
        .change(
            "postCreate",
            POST,
            json!({ "text": "Gap", "targets": [{ "connectionId": x }], "schedule": { "localTime": "2027-03-28T02:30:00" } }),
        )
        .await;
    assert_eq!(made["post"]["dueAt"], "2027-03-28T01:30:00+00:00");
    assert_eq!(
        made["warnings"][0]["path"],
        json!(["schedule", "localTime"])
    );
}

#[tokio::test]
async fn schedule_move_take_back_and_schedule_again() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let made = world
        .change(
            "postCreate",
            POST,
            json!({ "text": "Hi", "targets": [{ "connectionId": x }] }),
        )
        .await;
    let id = &made["post"]["id"];

    let at = json!({ "id": id, "version": 1, "schedule": { "at": "2027-01-04T09:00:00Z" } });
    let scheduled = world.change("postSchedule", POST, at).await;
    assert_eq!(scheduled["post"]["targets"][0]["state"], "SCHEDULED");
    assert_eq!(
        scheduled["post"]["allowedActions"],
        json!([
            "UPDATE",
            "SCHEDULE",
            "UNSCHEDULE",
            "PUBLISH_NOW",
            "CANCEL",
            "DELETE"
        ])
    );

    let moved = world
        .change(
            "postSchedule",
            POST,
            json!({ "id": id, "schedule": { "at": "2027-01-05T09:00:00+01:00" } }),
        )
        .await;
    assert_eq!(moved["post"]["dueAt"], "2027-01-05T08:00:00+00:00");

    let draft = world
        .change("postUnschedule", POST, json!({ "id": id }))
        .await;
    assert_eq!(
        (&draft["post"]["status"], &draft["post"]["dueAt"]),
        (&json!("DRAFT"), &Value::Null)
    );

    let now = world
        .change("postPublishNow", POST, json!({ "id": id }))
        .await;
    assert_eq!(now["post"]["dueAt"], "2027-01-04T08:00:00+00:00");

    let cancelled = world.change("postCancel", POST, json!({ "id": id })).await;
    assert_eq!(cancelled["post"]["status"], "CANCELLED");
    assert_eq!(cancelled["post"]["dueAt"], Value::Null);
    let again = world.change("postCancel", POST, json!({ "id": id })).await;
    assert_eq!(told(&again), [("INVALID_STATE".into(), String::new())]);

    let taken_up = world
        .change(
            "postSchedule",
            POST,
            json!({ "id": id, "schedule": { "now": true } }),
        )
        .await;
    assert_eq!(taken_up["post"]["status"], "SCHEDULED");
    assert_eq!(
        kinds(&story(&world).await)[4..],
        [
            "POST_CREATED",
            "TARGET_SCHEDULED",
            "TARGET_SCHEDULED",
            "TARGET_CANCELLED",
            "TARGET_SCHEDULED",
            "TARGET_CANCELLED",
            "TARGET_SCHEDULED"
        ]
    );
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_null_clears() {
    let world = World::new().await;
    let (x, facebook) = (world.home.on(Network::X), world.home.on(Network::Facebook));
    let made = world
        .change(
            "postCreate",
            POST,
            json!({ "text": "One", "title": "T", "link": "https://example.com", "targets": [{ "connectionId": x }] }),
        )
        .await;
    let id = &made["post"]["id"];
    let fields = "post { version content { text title link } linkTracking { campaign } targets { connection { id } } }";
    let changed = world
        .change(
            "postUpdate",
            fields,
            json!({ "id": id, "version": 1, "title": null, "linkTracking": { "campaign": "Spring" },
                "targets": [{ "connectionId": facebook }, { "connectionId": x }] }),
        )
        .await;
    assert_eq!(
        changed["post"],
        json!({
            "version": 2, "content": { "text": "One", "title": null, "link": "https://example.com" },
            "linkTracking": { "campaign": "Spring" },
            "targets": [{ "connection": { "id": facebook } }, { "connection": { "id": x } }],
        })
    );
    let late = world
        .change(
            "postUpdate",
            fields,
            json!({ "id": id, "version": 1, "text": "Two" }),
        )
        .await;
    assert_eq!(told(&late), [("VERSION_CONFLICT".into(), "version".into())]);
    let cleared = world
        .change(
            "postUpdate",
            fields,
            json!({ "id": id, "text": null, "linkTracking": null }),
        )
        .await;
    assert_eq!(
        (
            &cleared["post"]["content"]["text"],
            &cleared["post"]["linkTracking"]
        ),
        (&json!(""), &Value::Null)
    );
}

#[tokio::test]
async fn a_deleted_post_is_gone_and_its_targets_are_cancelled() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let input = json!({ "text": "Bye", "targets": [{ "connectionId": x }], "schedule": { "at": "2027-01-05T09:00:00Z" } });
    let made = world
        .change("postCreate", "post { id targets { id } }", input)
        .await;
    let gone = world
        .change(
            "postDelete",
            "deletedId",
            json!({ "id": made["post"]["id"] }),
        )
        .await;
    assert_eq!(gone["deletedId"], made["post"]["id"]);
    let read = world
        .ask(
            "query($ids: [ID!]!, $target: ID!) { nodes(ids: $ids) { id } target(id: $target) { state post { id } } }",
            json!({ "ids": [made["post"]["id"]], "target": made["post"]["targets"][0]["id"] }),
        )
        .await;
    assert_eq!(read["nodes"], json!([null]));
    assert_eq!(
        read["target"],
        json!({ "state": "CANCELLED", "post": null })
    );
}

#[tokio::test]
async fn a_preview_shows_each_connection_its_own_text() {
    let world = World::new().await;
    let (x, facebook) = (world.home.on(Network::X), world.home.on(Network::Facebook));
    let input = json!({
        "text": "Base", "link": "https://example.com/",
        "variants": [{ "network": "X", "text": "Short" }],
        "targets": [{ "connectionId": facebook }, { "connectionId": x }],
    });
    let query = "query($input: PostPreviewInput!) { postPreview(input: $input) { violations { code }
        targets { connection { network } text link length maxLength unit remaining problems { code } } } }";
    let shown = world.ask(query, json!({ "input": input })).await;
    assert_eq!(
        shown["postPreview"],
        json!({ "violations": [], "targets": [
            { "connection": { "network": "FACEBOOK" }, "text": "Base", "link": "https://example.com/", "length": 4,
              "maxLength": 63206, "unit": "characters", "remaining": 63202, "problems": [] },
            { "connection": { "network": "X" }, "text": "Short\n\nhttps://example.com/", "link": "https://example.com/",
              "length": 30, "maxLength": 280, "unit": "weighted characters", "remaining": 250, "problems": [] },
        ] })
    );
}

#[tokio::test]
async fn validating_tells_everything_and_writes_nothing() {
    let world = World::new().await;
    let (x, pinterest) = (world.home.on(Network::X), world.home.on(Network::Pinterest));
    let query = "query($input: PostValidateInput!) { postValidate(input: $input) {
        valid errors { code path } warnings { code } } }";
    let input = json!({
        "text": "x".repeat(281), "targets": [{ "connectionId": x }, { "connectionId": pinterest }],
        "schedule": { "at": "2026-01-01T00:00:00Z" },
    });
    let checked = world.ask(query, json!({ "input": input })).await;
    assert_eq!(
        checked["postValidate"],
        json!({ "valid": false, "warnings": [], "errors": [
            { "code": "TIME_IN_PAST", "path": ["schedule", "at"] },
            { "code": "TEXT_TOO_LONG", "path": ["text"] },
            { "code": "DESTINATION_REQUIRED", "path": ["targets", "1", "boardId"] },
            { "code": "MEDIA_REQUIRED", "path": ["media"] },
        ] })
    );
    let good = world
        .ask(
            query,
            json!({ "input": { "text": "fine", "targets": [{ "connectionId": x }] } }),
        )
        .await;
    assert_eq!(
        good["postValidate"],
        json!({ "valid": true, "warnings": [], "errors": [] })
    );
    assert_eq!(
        world.ask("{ posts { totalCount } }", json!({})).await["posts"]["totalCount"],
        0
    );
}

#[tokio::test]
async fn lists_go_both_ways_filtered_and_ordered() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    for (text, day) in [("a", "07"), ("b", "05"), ("c", "06")] {
        let at = format!("2027-01-{day}T09:00:00Z");
        let input =
            json!({ "text": text, "targets": [{ "connectionId": x }], "schedule": { "at": at } });
        world.change("postCreate", "post { id }", input).await;
        world.clock.advance(chrono::TimeDelta::seconds(1));
    }
    world
        .change("postCreate", "post { id }", json!({ "text": "d 100%" }))
        .await;
    let texts = async |arguments: &str| {
        let query = format!(
            "{{ posts({arguments}) {{ nodes {{ content {{ text }} }} pageInfo {{ endCursor hasNextPage }} }} }}"
        );
        let found = world.ask(&query, json!({})).await;
        let nodes = found["posts"]["nodes"].as_array().unwrap();
        let text: Vec<_> = nodes
            .iter()
            .map(|node| node["content"]["text"].as_str().unwrap().to_owned())
            .collect();
        (text.join(","), found["posts"]["pageInfo"].clone())
    };
    assert_eq!(texts("first: 10").await.0, "d 100%,c,b,a");
    assert_eq!(texts("orderBy: DUE_AT_ASC").await.0, "b,c,a,d 100%");
    assert_eq!(texts("orderBy: DUE_AT_DESC, last: 2").await.0, "c,b");
    assert_eq!(texts("filter: { states: [SCHEDULED], dueFrom: \"2027-01-06T00:00:00Z\" }, orderBy: DUE_AT_ASC").await.0, "c,a");
    assert_eq!(texts("filter: { text: \"0%\" }").await.0, "d 100%");
    let (first, page) = texts("orderBy: DUE_AT_ASC, first: 2").await;
    assert_eq!(
        (first.as_str(), &page["hasNextPage"]),
        ("b,c", &json!(true))
    );
    let rest = format!("orderBy: DUE_AT_ASC, after: {}", page["endCursor"]);
    assert_eq!(texts(&rest).await.0, "a,d 100%");
}

/// What Instagram does not take is converted, and said so; `fit: NONE` refuses instead (bad_input).
#[tokio::test]
async fn a_png_for_instagram_is_converted_with_a_warning() {
    let world = World::new().await;
    let png = world
        .upload(&world.home, "a.png", picture(800, 800, ImageFormat::Png))
        .await;
    let instagram = world.home.on(Network::Instagram);
    let input = json!({
        "text": "Look", "media": [{ "id": png, "altText": "Black" }], "targets": [{ "connectionId": instagram }],
        "schedule": { "now": true },
    });
    let made = world
        .change(
            "postCreate",
            "post { status content { media { media { id } fit altText crop { x } } } }",
            input.clone(),
        )
        .await;
    assert_eq!(
        (&made["errors"], &made["post"]["status"]),
        (&json!([]), &json!("SCHEDULED"))
    );
    assert_eq!(
        made["post"]["content"]["media"],
        json!([{ "media": { "id": png }, "fit": "AUTO", "altText": "Black", "crop": null }])
    );
    let warning = &made["warnings"][0];
    assert_eq!(
        (&warning["code"], &warning["path"]),
        (&json!("MEDIA_CONVERTED"), &json!(["media", "0", "id"]))
    );

    let query = "query($input: PostPreviewInput!) { postPreview(input: $input) { targets {
        media { contentType width height altText } problems { severity code } } } }";
    let preview = json!({ "media": input["media"], "targets": input["targets"] });
    let shown = world.ask(query, json!({ "input": preview })).await;
    assert_eq!(
        shown["postPreview"]["targets"],
        json!([{
            "media": [{ "contentType": "image/jpeg", "width": 800, "height": 800, "altText": "Black" }],
            "problems": [{ "severity": "WARNING", "code": "MEDIA_CONVERTED" }],
        }])
    );
}
