//! Places under the networks' limits, and money.

use chrono::TimeDelta;
use posthaste_core::Network;
use posthaste_testkit::start;
use serde_json::{Value, json};

use crate::world::{World, mutation};

const SETTINGS: &str =
    "whenFull overBudget budget currency connectionBudgets { connection { network } amount }";

async fn set(world: &World, input: Value) -> Value {
    let query = mutation(
        "quotaSettingsUpdate",
        &format!("quotaSettings {{ {SETTINGS} }}"),
    );
    let variables = json!({ "input": input });
    let mut answer = world.graphql(&world.home.owner, &query, variables).await;
    assert_eq!(answer["errors"], Value::Null);
    answer["data"]["quotaSettingsUpdate"].take()
}

async fn settings(world: &World) -> Value {
    let query = format!("{{ workspace {{ quotaSettings {{ {SETTINGS} }} }} }}");
    world.ask(&query, json!({})).await["workspace"]["quotaSettings"].take()
}

/// A post on X, with a link (0.20 USD) or without (0.015 USD).
async fn post(world: &World, text: &str, at: &str, link: bool) -> Value {
    let input = json!({
        "text": text, "schedule": { "at": at }, "link": link.then_some("https://example.org/bread"),
        "targets": [{ "connectionId": world.home.on(Network::X) }],
    });
    world
        .change("postCreate", "post { id targets { id } }", input)
        .await
}

fn codes(list: &Value) -> Vec<&str> {
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| entry["code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn settings_are_changed_and_what_is_left_out_stays() {
    let world = World::new().await;
    let first = json!({ "whenFull": "WAIT", "overBudget": "HOLD", "budget": null, "currency": "USD", "connectionBudgets": [] });
    assert_eq!(settings(&world).await, first);

    let x = world.home.on(Network::X);
    let changed = set(
        &world,
        json!({ "whenFull": "FAIL", "budget": 12.5, "connectionBudgets": [{ "connectionId": x, "amount": 3.015 }] }),
    )
    .await;
    let second = json!({ "whenFull": "FAIL", "overBudget": "HOLD", "budget": 12.5, "currency": "USD",
        "connectionBudgets": [{ "connection": { "network": "X" }, "amount": 3.015 }] });
    assert_eq!(changed["quotaSettings"], second);
    assert_eq!(settings(&world).await, second);

    set(&world, json!({ "overBudget": "FAIL" })).await;
    let third = json!({ "whenFull": "FAIL", "overBudget": "FAIL", "budget": 12.5, "currency": "USD",
        "connectionBudgets": [{ "connection": { "network": "X" }, "amount": 3.015 }] });
    assert_eq!(settings(&world).await, third);

    set(
        &world,
        json!({ "budget": null, "connectionBudgets": [{ "connectionId": x, "amount": null }] }),
    )
    .await;
    assert_eq!(settings(&world).await["budget"], Value::Null);
    assert_eq!(settings(&world).await["connectionBudgets"], json!([]));
}

#[tokio::test]
async fn wrong_settings_change_nothing_and_are_told_together() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let before = settings(&world).await;
    let refused = set(
        &world,
        json!({ "whenFull": "FAIL", "budget": -1, "connectionBudgets": [
            { "connectionId": x, "amount": 2 },
            { "connectionId": x, "amount": 1e10 },
            { "connectionId": world.other.on(Network::X), "amount": 1 },
            { "connectionId": "conn_nonsense", "amount": 1 }] }),
    )
    .await;
    let errors = refused["errors"].as_array().unwrap().iter();
    let told: Vec<_> = errors
        .map(|error| (error["code"].as_str().unwrap(), error["path"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("INVALID_INPUT", json!(["budget"])),
            ("INVALID_INPUT", json!(["connectionBudgets", "1", "amount"])),
            (
                "INVALID_ID",
                json!(["connectionBudgets", "3", "connectionId"])
            ),
            (
                "INVALID_INPUT",
                json!(["connectionBudgets", "1", "connectionId"])
            ),
            (
                "NOT_FOUND",
                json!(["connectionBudgets", "2", "connectionId"])
            ),
        ]
    );
    assert_eq!(settings(&world).await, before);
}

#[tokio::test]
async fn a_budget_warns_or_refuses() {
    let world = World::new().await;
    set(&world, json!({ "budget": 0.4 })).await;
    for day in ["2027-01-05", "2027-01-06"] {
        let made = post(&world, day, &format!("{day}T09:00:00Z"), true).await;
        assert_eq!(codes(&made["warnings"]), ["LINK_COSTS_MORE"]);
    }
    let over = post(&world, "Third", "2027-01-07T09:00:00Z", true).await;
    assert_eq!(
        codes(&over["warnings"]),
        ["LINK_COSTS_MORE", "BUDGET_EXCEEDED"]
    );
    assert_eq!(
        over["warnings"][1]["message"],
        "The month would cost 0.6 USD; the budget of the workspace is 0.4 USD. A person is asked before it goes out."
    );

    set(&world, json!({ "overBudget": "FAIL" })).await;
    let refused = post(&world, "Fourth", "2027-01-08T09:00:00Z", false).await;
    assert_eq!(codes(&refused["errors"]), ["BUDGET_EXCEEDED"]);
    assert_eq!(refused["errors"][0]["path"], json!(["targets", "0"]));
    // The next month has a budget of its own; its first hour in Paris is the last of January in UTC.
    let next = post(&world, "Fifth", "2027-01-31T23:30:00Z", false).await;
    assert_eq!(next["errors"], json!([]));
    // What is cancelled gives its money back.
    let third = &over["post"]["id"];
    world
        .change("postCancel", "post { id }", json!({ "id": third }))
        .await;
    let second = post(&world, "Sixth", "2027-01-08T10:00:00Z", false).await;
    assert_eq!(codes(&second["errors"]), ["BUDGET_EXCEEDED"]);
    set(&world, json!({ "budget": 0.415 })).await;
    let second = post(&world, "Sixth", "2027-01-08T10:00:00Z", false).await;
    assert_eq!(second["errors"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_do_not_spend_the_budget_twice() {
    let world = World::new().await;
    set(&world, json!({ "budget": 0.15, "overBudget": "FAIL" })).await;
    let posts: Vec<_> = (0..50)
        .map(|n| {
            (
                format!("Post {n}"),
                format!("2027-01-05T{:02}:{:02}:00Z", 9 + n / 5, 10 * (n % 5)),
            )
        })
        .collect();
    let tries = posts.iter().map(|(text, at)| post(&world, text, at, false));
    let tries = futures::future::join_all(tries).await;
    let refused = tries
        .iter()
        .filter(|made| codes(&made["errors"]) == ["BUDGET_EXCEEDED"]);
    let made = tries.iter().filter(|made| made["errors"] == json!([]));
    assert_eq!((made.count(), refused.count()), (10, 40));
}

async fn spent(world: &World) -> Value {
    let ids = [world.home.on(Network::X)];
    let mut answer = world.ask(FORECAST, json!({ "ids": ids })).await;
    answer["quotaForecast"]["budgets"][0]["spent"].take()
}

#[tokio::test]
async fn what_is_scheduled_may_become_cheaper_though_the_budget_is_gone() {
    let world = World::new().await;
    set(&world, json!({ "budget": 1, "overBudget": "FAIL" })).await;
    let made = post(&world, "First", "2027-01-05T09:00:00Z", true).await;
    let id = &made["post"]["id"];
    set(&world, json!({ "budget": 0.1 })).await;
    let change = async |mut input: Value| {
        input["id"] = id.clone();
        world.change("postUpdate", "post { id }", input).await
    };
    let typo = change(json!({ "text": "The first" })).await;
    assert_eq!(typo["errors"], json!([]));
    assert_eq!(
        codes(&typo["warnings"]),
        ["LINK_COSTS_MORE", "BUDGET_EXCEEDED"]
    );
    let cheaper = change(json!({ "link": null })).await;
    assert_eq!(
        (&cheaper["errors"], &cheaper["warnings"]),
        (&json!([]), &json!([]))
    );
    let dearer = change(json!({ "link": "https://example.org/bread" })).await;
    assert_eq!(codes(&dearer["errors"]), ["BUDGET_EXCEEDED"]);
}

#[tokio::test]
async fn what_a_person_published_costs_nothing_and_stays_what_it_was() {
    let world = World::new().await;
    let on = |network| json!({ "connectionId": world.home.on(network) });
    let both = json!({
        "text": "By hand", "link": "https://example.org/bread", "schedule": { "at": "2027-01-05T09:00:00Z" },
        "targets": [on(Network::X), on(Network::Facebook)],
    });
    let made = world
        .change("postCreate", "post { id targets { id } }", both)
        .await;
    let live = json!({ "id": made["post"]["targets"][0]["id"], "outcome": "LIVE" });
    let settled = world.change("targetSettle", "target { state }", live).await;
    assert_eq!(settled["target"]["state"], "PUBLISHED", "{settled}");
    assert_eq!(spent(&world).await, json!(0.0));
    // A change for another account does not reach what is live.
    let other = json!({ "id": made["post"]["id"], "text": "Other words" });
    let changed = world.change("postUpdate", "post { id }", other).await;
    assert_eq!(changed["errors"], json!([]));
    assert_eq!(spent(&world).await, json!(0.0));
    let new = post(&world, "Other words", "2027-01-04T09:00:00Z", true).await;
    assert_eq!(new["errors"], json!([]));
    let twin = post(&world, "By hand", "2027-01-04T09:00:00Z", true).await;
    assert_eq!(codes(&twin["errors"]), ["POSSIBLE_DUPLICATE"]);
}

#[tokio::test]
async fn what_is_late_counts_in_the_month_that_runs() {
    let world = World::new().await;
    post(&world, "Late", "2027-01-05T09:00:00Z", false).await;
    world.clock.set("2027-02-03T08:00:00Z".parse().unwrap());
    let span = json!({ "ids": [world.home.on(Network::X)], "from": "2027-01-10T00:00:00Z", "to": "2027-03-10T00:00:00Z" });
    let answer = world.ask(FORECAST, span).await;
    let budgets = answer["quotaForecast"]["budgets"]
        .as_array()
        .unwrap()
        .iter();
    let reserved: Vec<_> = budgets.map(|month| month["reserved"].clone()).collect();
    assert_eq!(reserved, [json!(0.0), json!(0.015), json!(0.0)]);
}

#[tokio::test]
async fn a_budget_of_one_connection_binds_no_other() {
    let world = World::new().await;
    let facebook = world.home.on(Network::Facebook);
    set(
        &world,
        json!({ "overBudget": "FAIL", "connectionBudgets": [{ "connectionId": facebook, "amount": 0 }] }),
    )
    .await;
    let made = post(&world, "On X", "2027-01-05T09:00:00Z", true).await;
    assert_eq!(made["errors"], json!([]));
    let x = world.home.on(Network::X);
    set(
        &world,
        json!({ "connectionBudgets": [{ "connectionId": x, "amount": 0.2 }] }),
    )
    .await;
    let refused = post(&world, "More on X", "2027-01-05T10:00:00Z", false).await;
    assert_eq!(codes(&refused["errors"]), ["BUDGET_EXCEEDED"]);
    let message = refused["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("the budget of Home on X"), "{message}");
}

#[tokio::test]
async fn a_full_window_warns_or_refuses() {
    let world = World::new().await;
    for n in 0..100 {
        post(&world, &format!("Post {n}"), "2027-01-05T09:10:00Z", false).await;
    }
    let over = post(&world, "One more", "2027-01-05T09:20:00Z", false).await;
    assert_eq!(codes(&over["warnings"]), ["QUOTA_EXCEEDED"]);
    set(&world, json!({ "whenFull": "FAIL" })).await;
    // What is scheduled already keeps its place when it is changed.
    let text = json!({ "id": over["post"]["id"], "text": "One more, edited" });
    let edited = world.change("postUpdate", "post { id }", text).await;
    assert_eq!(edited["errors"], json!([]));
    assert_eq!(codes(&edited["warnings"]), ["QUOTA_EXCEEDED"]);
    // Also a post before the others is one too many in the window that ends with them.
    for at in ["2027-01-05T09:05:00Z", "2027-01-05T09:20:00Z"] {
        let refused = post(&world, at, at, false).await;
        assert_eq!(codes(&refused["errors"]), ["QUOTA_EXCEEDED"], "{at}");
        assert_eq!(refused["errors"][0]["path"], json!(["targets", "0"]));
    }
    for at in ["2027-01-05T08:55:00Z", "2027-01-05T09:35:00Z"] {
        let made = post(&world, at, at, false).await;
        assert_eq!(made["errors"], json!([]), "{at}");
    }
}

const FORECAST: &str = "query($ids: [ID!]!, $from: DateTime, $to: DateTime) {
    quotaForecast(connectionIds: $ids, from: $from, to: $to) {
        from to
        windows { connection { network } network kind limit windowSeconds used reserved free fullAt nextFreeAt sourceDate }
        budgets { connection { network } from to budget spent reserved forecast left currency }
        advice { code severity message path } } }";

#[tokio::test]
async fn a_forecast_tells_places_money_and_advice() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    set(
        &world,
        json!({ "budget": 1, "connectionBudgets": [{ "connectionId": x, "amount": 0.1 }] }),
    )
    .await;
    for n in 0..2 {
        post(&world, &format!("Link {n}"), "2027-01-05T09:00:00Z", true).await;
    }
    post(&world, "Words", "2027-02-01T09:00:00Z", false).await;
    let ids = [x, world.home.on(Network::Facebook)];
    let to = start() + TimeDelta::days(20);
    let mut answer = world.ask(FORECAST, json!({ "ids": ids, "to": to })).await;
    let forecast = answer["quotaForecast"].take();
    assert_eq!(
        (&forecast["from"], &forecast["to"]),
        (
            &json!("2027-01-04T08:00:00+00:00"),
            &json!("2027-01-24T08:00:00+00:00")
        )
    );
    let now = "2027-01-04T08:00:00+00:00";
    assert_eq!(
        forecast["windows"],
        json!([
            { "connection": { "network": "X" }, "network": "X", "kind": null, "limit": 100, "windowSeconds": 900, "used": 0,
                "reserved": 2, "free": 100, "fullAt": null, "nextFreeAt": now, "sourceDate": "2026-11-22" },
            { "connection": { "network": "FACEBOOK" }, "network": "FACEBOOK", "kind": "REEL", "limit": 30, "windowSeconds": 86400,
                "used": 0, "reserved": 0, "free": 30, "fullAt": null, "nextFreeAt": now, "sourceDate": "2026-11-22" },
            { "connection": null, "network": "X", "kind": null, "limit": 10000, "windowSeconds": 86400, "used": 0,
                "reserved": null, "free": 10000, "fullAt": null, "nextFreeAt": now, "sourceDate": "2026-11-22" },
        ])
    );
    let january = ("2026-12-31T23:00:00+00:00", "2027-01-31T23:00:00+00:00");
    assert_eq!(
        forecast["budgets"],
        json!([
            { "connection": null, "from": january.0, "to": january.1, "budget": 1.0, "spent": 0.0, "reserved": 0.4,
                "forecast": 0.4, "left": 0.6, "currency": "USD" },
            { "connection": { "network": "X" }, "from": january.0, "to": january.1, "budget": 0.1, "spent": 0.0, "reserved": 0.4,
                "forecast": 0.4, "left": -0.3, "currency": "USD" },
        ])
    );
    assert_eq!(
        forecast["advice"],
        json!([
            { "code": "BUDGET_EXCEEDED", "severity": "WARNING", "path": ["connectionIds", "0"],
                "message": "The month would cost 0.4 USD; the budget of Home on X is 0.1 USD." },
            { "code": "LINK_COSTS_MORE", "severity": "WARNING", "path": ["connectionIds", "0"],
                "message": "A link costs 0.2 USD instead of 0.015 on X: the 2 scheduled posts of Home on X with one cost 0.4 USD, without it 0.03." },
        ])
    );
}

#[tokio::test]
async fn a_forecast_tells_when_a_window_is_full_and_free_again() {
    let world = World::new().await;
    for n in 0..101 {
        post(&world, &format!("Post {n}"), "2027-01-04T08:30:00Z", false).await;
    }
    let ids = [world.home.on(Network::X)];
    let from = start() + TimeDelta::minutes(30);
    let mut answer = world
        .ask(FORECAST, json!({ "ids": ids, "from": from }))
        .await;
    let forecast = answer["quotaForecast"].take();
    let window = &forecast["windows"][0];
    assert_eq!((&window["used"], &window["free"]), (&json!(101), &json!(0)));
    assert_eq!(window["fullAt"], "2027-01-04T08:30:00+00:00");
    assert_eq!(window["nextFreeAt"], "2027-01-04T08:45:00+00:00");
    assert_eq!(codes(&forecast["advice"]), ["QUOTA_EXCEEDED"]);
}

#[tokio::test]
async fn wrong_forecasts_are_refused() {
    let world = World::new().await;
    let x = world.home.on(Network::X);
    let cases = [
        (
            json!({ "ids": [] }),
            "INVALID_INPUT",
            json!(["connectionIds"]),
        ),
        (
            json!({ "ids": ["nonsense"] }),
            "INVALID_ID",
            json!(["connectionIds", "0"]),
        ),
        (
            json!({ "ids": [x, world.other.on(Network::X)] }),
            "NOT_FOUND",
            json!(["connectionIds", "1"]),
        ),
        (
            json!({ "ids": [x], "from": "2027-01-05T00:00:00Z", "to": "2027-01-05T00:00:00Z" }),
            "INVALID_INPUT",
            json!(["to"]),
        ),
        (
            json!({ "ids": [x], "to": "2029-01-05T00:00:00Z" }),
            "INVALID_INPUT",
            json!(["to"]),
        ),
    ];
    for (variables, code, path) in cases {
        let answer = world
            .graphql(&world.home.editor, FORECAST, variables.clone())
            .await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["path"]),
            (&json!(code), &path),
            "{variables}"
        );
    }
}
