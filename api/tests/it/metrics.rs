//! How live posts do, as the API tells it.

use chrono::TimeDelta;
use posthaste_core::{Network, ids::TargetId, metric::Metrics, ports::ScriptedHttp};
use posthaste_engine::{
    metric,
    post::{self, Settlement},
};
use posthaste_store::metric::{self as rows, TargetMetrics};
use posthaste_testkit::{count_statements, statements};
use serde_json::{Value, json};

use crate::world::World;

/// The id of a new post's one target, live on a network since this moment.
async fn live(world: &World, network: Network, remote_id: &str) -> String {
    let input = json!({ "text": "Hello", "targets": [{ "connectionId": world.home.on(network) }] });
    let made = world
        .change("postCreate", "post { targets { id } }", input)
        .await;
    let id = made["post"]["targets"][0]["id"].as_str().unwrap();
    let how = Settlement::Live {
        permalink: None,
        remote_id: Some(remote_id.to_owned()),
    };
    post::settle(&world.app, &world.home.system(), id.parse().unwrap(), how)
        .await
        .unwrap();
    id.to_owned()
}

async fn metrics_of(world: &World, id: &str) -> Value {
    let query = "query($id: ID!) { target(id: $id) { metrics { views reach likes comments shares saves clicks videoViews
        readAt nextReadAt error { code message advice } } } }";
    world.ask(query, json!({ "id": id })).await["target"]["metrics"].clone()
}

#[tokio::test]
async fn figures_are_null_until_they_were_read_and_where_there_are_none() {
    let figures = json!({ "impression_count": 3_000_000_000_i64, "like_count": 0, "reply_count": 2,
        "repost_count": 4, "quote_count": 1, "bookmark_count": 5 });
    let tweets = json!({ "data": [{ "id": "12", "public_metrics": figures }] });
    let world = World::with_http(ScriptedHttp::new([ScriptedHttp::json(200, tweets)])).await;
    let id = live(&world, Network::X, "12").await;
    assert_eq!(metrics_of(&world, &id).await, Value::Null);
    let begun = world.app.now();
    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(metric::read_due(&world.app).await.unwrap(), 1);
    assert_eq!(
        metrics_of(&world, &id).await,
        json!({
            "views": 3_000_000_000_i64, "reach": null, "likes": 0, "comments": 2, "shares": 5, "saves": 5,
            "clicks": null, "videoViews": null, "readAt": (begun + TimeDelta::hours(1)).to_rfc3339(),
            "nextReadAt": (begun + TimeDelta::days(1)).to_rfc3339(), "error": null,
        })
    );
}

#[tokio::test]
async fn why_there_are_none_is_told() {
    let refused = json!({ "error": { "code": 190, "message": "The session is over." } });
    let world = World::with_http(ScriptedHttp::new([ScriptedHttp::json(400, refused)])).await;
    let id = live(&world, Network::Facebook, "1_2").await;
    world.clock.advance(TimeDelta::minutes(15));
    metric::read_due(&world.app).await.unwrap();
    let told = metrics_of(&world, &id).await;
    assert_eq!(
        (&told["views"], &told["readAt"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(told["error"]["code"], "RECONNECT_REQUIRED");
    assert!(!told["error"]["advice"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn each_network_says_which_figures_it_gives() {
    let world = World::new().await;
    let told = world
        .ask(
            "{ networks { network capabilities { metrics } } }",
            json!({}),
        )
        .await;
    let of = |network: &str| {
        let all = told["networks"].as_array().unwrap();
        let one = all.iter().find(|row| row["network"] == network).unwrap();
        one["capabilities"]["metrics"].clone()
    };
    assert_eq!(
        of("X"),
        json!(["VIEWS", "LIKES", "COMMENTS", "SHARES", "SAVES"])
    );
    assert_eq!(
        of("PINTEREST"),
        json!([
            "VIEWS",
            "LIKES",
            "COMMENTS",
            "SAVES",
            "CLICKS",
            "VIDEO_VIEWS"
        ])
    );
}

/// The calendar's document as the SDKs send it.
fn calendar() -> String {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/operations/manifest.json");
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let texts = manifest.as_object().unwrap().values();
    let mut texts = texts.filter_map(Value::as_str);
    texts
        .find(|text| text.contains("PostCalendar"))
        .unwrap()
        .to_owned()
}

/// Gives each target of the home workspace figures.
async fn put_figures(world: &World, targets: &[Value]) {
    let now = world.app.now();
    let row = |target: &Value| {
        let id: TargetId = target["id"].as_str().unwrap().parse().unwrap();
        let connection = target["connection"]["id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let mut row = TargetMetrics::new(world.home.workspace, id, connection, Network::X, None);
        let metrics = Metrics {
            views: Some(7),
            ..Metrics::default()
        };
        row.set(metrics, now);
        row
    };
    let rows: Vec<_> = targets.iter().map(row).collect();
    rows::insert(&mut world.app.db.get().await.unwrap(), &rows)
        .await
        .unwrap();
}

/// One post or a hundred, each on four networks with figures: the same few statements.
#[tokio::test]
async fn a_calendar_costs_the_same_statements_however_full_it_is() {
    count_statements();
    let world = World::new().await;
    let targets = Network::ALL.map(|network| json!({ "connectionId": world.home.on(network) }));
    for _ in 0..100 {
        let input = json!({ "text": "a", "targets": targets });
        let fields = "post { targets { id connection { id } } }";
        let made = world.change("postCreate", fields, input).await;
        put_figures(&world, made["post"]["targets"].as_array().unwrap()).await;
    }
    let query = calendar();
    let cost = async |first: usize| {
        let before = statements();
        let list = world.ask(&query, json!({ "first": first })).await;
        let nodes = list["posts"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), first);
        for target in nodes
            .iter()
            .flat_map(|node| node["targets"].as_array().unwrap())
        {
            assert_eq!(target["metrics"]["views"], 7);
        }
        statements() - before
    };
    // The first one opens connections.
    cost(1).await;
    let few = cost(2).await;
    assert_eq!(cost(100).await, few);
    assert!(few <= 10, "{few} statements");
}
