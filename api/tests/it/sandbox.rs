//! Orders to a sandbox: what the simulated networks are told, from what is asked. That they
//! understand it is tested with them, in the sandbox crate.

use posthaste_core::{
    Network,
    ports::{Body, Method, ScriptedHttp, TransportError},
};
use serde_json::{Value, json};

use crate::world::{World, mutation};

/// The orders that the networks got: method, path and body.
fn orders(world: &World) -> Vec<(&'static str, String, Value)> {
    let told = |request: posthaste_core::ports::Request| {
        let body = match request.body {
            Body::Json(body) => body,
            _ => Value::Null,
        };
        let path = request.url.replace("http://networks.test/control/", "");
        (request.method.as_str(), path, body)
    };
    world.http.asked().into_iter().map(told).collect()
}

fn json_answers(answers: impl IntoIterator<Item = Value>) -> ScriptedHttp {
    ScriptedHttp::new(
        answers
            .into_iter()
            .map(|body| ScriptedHttp::json(200, body)),
    )
}

#[tokio::test]
async fn the_sandbox_shows_itself_and_real_networks_show_none() {
    let clock = json!({ "now": "2027-01-04T09:00:00.123Z", "offsetMs": 3_600_500 });
    let fault = json!({ "id": 7, "hits": 2, "network": "X", "account": "1", "operation": "publish",
        "kind": "error_after", "times": null, "skip": 0, "probability": 0.5, "delayMs": 0, "status": 502, "retryAfterSeconds": null });
    let world = World::sandbox(json_answers([
        clock,
        json!({ "scenario": "FLAKY_NETWORK" }),
        json!([fault]),
    ]))
    .await;
    let query = "{ sandbox { networksUrl clock { now offsetSeconds } scenario
        faults { number hits network accountId operation kind times probability status } } }";
    let answer = world.graphql(&world.home.viewer, query, json!({})).await;
    assert_eq!(
        answer["data"]["sandbox"],
        json!({
            "networksUrl": "http://networks.test", "scenario": "FLAKY_NETWORK",
            "clock": { "now": "2027-01-04T09:00:00.123+00:00", "offsetSeconds": 3600.5 },
            "faults": [{ "number": 7, "hits": 2, "network": "X", "accountId": "1", "operation": "PUBLISH",
                "kind": "ERROR_AFTER", "times": null, "probability": 0.5, "status": 502 }],
        })
    );
    let real = World::new().await;
    assert_eq!(
        real.ask("{ sandbox { scenario } }", json!({})).await,
        json!({ "sandbox": null })
    );
}

#[tokio::test]
async fn the_clock_goes_forwards_and_back_to_the_present() {
    let reading = |now: &str| json!({ "now": now, "offsetMs": 0 });
    let world = World::sandbox(json_answers([
        reading("2027-01-04T08:00:10Z"),
        reading("2027-01-05T08:00:00Z"),
        reading("2027-01-04T08:00:00Z"),
    ]))
    .await;
    let advance = async |input: Value| {
        world
            .change("sandboxClockAdvance", "clock { now }", input)
            .await
    };
    assert_eq!(
        advance(json!({ "seconds": 10 })).await["clock"]["now"],
        "2027-01-04T08:00:10+00:00"
    );
    assert_eq!(
        advance(json!({ "to": "2027-01-05T08:00:00Z" })).await["errors"],
        json!([])
    );
    let reset = world
        .ask(
            "mutation { sandboxClockReset { clock { now } errors { code } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        reset["sandboxClockReset"]["clock"]["now"],
        "2027-01-04T08:00:00+00:00"
    );
    for (input, code, path) in [
        (json!({ "seconds": 0 }), "TIME_IN_PAST", "seconds"),
        (json!({ "seconds": -5 }), "TIME_IN_PAST", "seconds"),
        (json!({ "seconds": 1e12 }), "TIME_TOO_FAR", "seconds"),
        (
            json!({ "to": "2027-01-04T08:00:00Z" }),
            "TIME_IN_PAST",
            "to",
        ),
        (
            json!({ "to": "2037-01-04T08:00:00Z" }),
            "TIME_TOO_FAR",
            "to",
        ),
    ] {
        let error = &advance(input).await["errors"][0];
        assert_eq!(
            (&error["code"], &error["path"]),
            (&json!(code), &json!([path]))
        );
    }
    assert_eq!(
        orders(&world),
        [
            (
                "POST",
                "clock".to_owned(),
                json!({ "advanceSeconds": 10.0 })
            ),
            (
                "POST",
                "clock".to_owned(),
                json!({ "now": "2027-01-05T08:00:00Z" })
            ),
            ("POST", "clock".to_owned(), json!({ "reset": true })),
        ]
    );
}

#[tokio::test]
async fn a_script_is_aimed_and_told_in_the_networks_words() {
    let world = World::sandbox(json_answers([
        json!({ "id": 1 }),
        json!({ "id": 2 }),
        json!([]),
    ]))
    .await;
    let script = json!({ "faults": [
        { "network": "X", "connectionId": world.home.on(Network::X), "operation": "PUBLISH", "kind": "RATE_LIMITED",
            "times": 3, "skip": 1, "probability": 0.25, "status": 429, "retryAfterSeconds": 5 },
        { "network": "FACEBOOK", "kind": "READ_BACK_LAG", "times": null, "delayMs": 1500 },
    ] });
    let payload = world
        .change("sandboxFaultScript", "faults { number }", script)
        .await;
    assert_eq!(payload["errors"], json!([]));
    let told = orders(&world);
    assert_eq!(
        told[0].2,
        json!({ "network": "X", "account": "44", "operation": "publish", "kind": "rate_limited",
        "times": 3, "skip": 1, "probability": 0.25, "delayMs": 0, "status": 429, "retryAfterSeconds": 5 })
    );
    assert_eq!(
        told[1].2,
        json!({ "network": "FACEBOOK", "account": null, "operation": "any", "kind": "read_back_lag",
        "times": null, "skip": 0, "probability": null, "delayMs": 1500, "status": null, "retryAfterSeconds": null })
    );
    assert_eq!(told[2].0, Method::Get.as_str());
}

#[tokio::test]
async fn every_mistake_of_a_script_is_told_and_no_order_given() {
    let world = World::sandbox(ScriptedHttp::default()).await;
    let script = json!({ "faults": [
        { "network": "X", "kind": "DELAY", "times": 0, "probability": 1.5, "delayMs": 700_000, "status": 200 },
        { "network": "X", "kind": "DELAY", "connectionId": world.home.on(Network::Facebook) },
        { "network": "X", "kind": "DELAY", "connectionId": world.other.on(Network::X) },
    ] });
    let payload = world
        .change("sandboxFaultScript", "faults { number }", script)
        .await;
    let told: Vec<_> = payload["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| json!([error["code"], error["path"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!(["INVALID_INPUT", ["faults", "0", "times"]]),
            json!(["INVALID_INPUT", ["faults", "0", "probability"]]),
            json!(["INVALID_INPUT", ["faults", "0", "delayMs"]]),
            json!(["INVALID_INPUT", ["faults", "0", "status"]]),
            json!(["INVALID_INPUT", ["faults", "1", "connectionId"]]),
            json!(["NOT_FOUND", ["faults", "2", "connectionId"]]),
        ]
    );
    let none = world
        .change(
            "sandboxFaultScript",
            "faults { number }",
            json!({ "faults": [] }),
        )
        .await;
    assert_eq!(none["errors"][0]["path"], json!(["faults"]));
    let id = json!({ "faults": [{ "network": "X", "kind": "DELAY", "connectionId": "x" }] });
    let wrong = world
        .change("sandboxFaultScript", "faults { number }", id)
        .await;
    assert_eq!(
        wrong["errors"][0]["path"],
        json!(["faults", "0", "connectionId"])
    );
    assert_eq!(orders(&world), []);
}

#[tokio::test]
async fn a_script_that_breaks_off_is_taken_back() {
    let world = World::sandbox(ScriptedHttp::new([
        ScriptedHttp::json(201, json!({ "id": 4 })),
        Err(TransportError::NotSent("gone".into())),
        ScriptedHttp::json(204, Value::Null),
    ]))
    .await;
    let fault = json!({ "network": "X", "kind": "DELAY" });
    let document = mutation("sandboxFaultScript", "faults { number }");
    let input = json!({ "input": { "faults": [fault, fault] } });
    let answer = world.graphql(&world.home.editor, &document, input).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    assert_eq!(
        orders(&world)[2],
        ("DELETE", "faults/4".to_owned(), Value::Null)
    );
}

#[tokio::test]
async fn a_sandbox_makes_test_keys() {
    let world = World::sandbox(ScriptedHttp::default()).await;
    let document = "mutation { apiKeyCreate(input: { name: \"CI\", role: VIEWER }) { secret } }";
    let answer = world.graphql(&world.home.owner, document, json!({})).await;
    let secret = answer["data"]["apiKeyCreate"]["secret"].as_str().unwrap();
    assert!(secret.starts_with("phk_test_"), "{secret}");
}
