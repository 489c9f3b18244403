//! Boards and pages of pins.

use serde_json::{Value, json};

use super::{BOARD, Profile, SECOND_BOARD, USER, problem};
use crate::world::World;

#[tokio::test]
async fn lists_come_in_pages_in_either_order() {
    let pinterest = Profile::start().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        let board = if n == 3 { SECOND_BOARD } else { BOARD };
        let pin = pinterest
            .pin(json!({ "title": n.to_string(), "board_id": board }))
            .await
            .ok();
        ids.push(pin["id"].as_str().unwrap().to_owned());
    }
    ids.remove(3);
    for order in ["oldest_first", "newest_first"] {
        pinterest
            .world
            .switch(json!({ "pinterestListOrder": order }))
            .await;
        let list = format!("/boards/{BOARD}/pins?page_size=4");
        let first = pinterest.get(&list).await.ok();
        let bookmark = first["bookmark"].as_str().unwrap();
        let second = pinterest
            .get(&format!("{list}&bookmark={bookmark}"))
            .await
            .ok();
        assert_eq!(second["bookmark"], Value::Null);
        let both = [&first, &second]
            .map(|page| page["items"].as_array().unwrap().clone())
            .concat();
        let mut seen: Vec<_> = both.iter().map(|pin| pin["id"].as_str().unwrap()).collect();
        if order == "newest_first" {
            seen.reverse();
        }
        assert_eq!(seen, ids, "{order}");
    }
    let all = pinterest
        .get("/pins?page_size=250&creative_types=VIDEO,CAROUSEL")
        .await
        .ok();
    assert_eq!(all["items"], json!([]));
}

#[tokio::test]
async fn boards_are_listed_and_made() {
    let pinterest = Profile::start().await;
    let boards = pinterest.get("/boards?page_size=1").await.ok();
    assert_eq!(
        (&boards["items"][0]["id"], &boards["items"][0]["name"]),
        (&json!(BOARD), &json!("Recipes"))
    );
    let next = format!(
        "/boards?page_size=1&bookmark={}",
        boards["bookmark"].as_str().unwrap()
    );
    let rest = pinterest.get(&next).await.ok();
    assert_eq!(
        (&rest["items"][0]["name"], &rest["bookmark"]),
        (&json!("Behind the counter"), &Value::Null)
    );
    let body = json!({ "name": "Windows", "description": "Displays", "privacy": "PUBLIC" });
    let made = pinterest.send("/boards", body.clone()).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["owner"]["username"], "harborstreet");
    assert_eq!(problem(&pinterest.send("/boards", body).await), (400, 1));
    let secret = json!({ "name": "Hidden", "privacy": "SECRET" });
    assert_eq!(problem(&pinterest.send("/boards", secret).await), (403, 29));
    let pin = pinterest
        .pin(json!({ "board_id": made.body["id"] }))
        .await
        .ok();
    assert_eq!(pin["board_id"], made.body["id"]);
    let me = pinterest.get("/user_account").await.ok();
    assert_eq!(
        (&me["id"], &me["username"]),
        (&json!(USER), &json!("harborstreet"))
    );
    assert_eq!(
        (&me["board_count"], &me["pin_count"]),
        (&json!(3), &json!(1))
    );
}

#[tokio::test]
async fn a_snapshot_keeps_pins_and_new_boards() {
    let pinterest = Profile::start().await;
    let board = pinterest
        .send("/boards", json!({ "name": "Windows" }))
        .await
        .ok()["id"]
        .clone();
    let pin = pinterest
        .pin(json!({ "title": "kept", "board_id": board }))
        .await
        .ok();
    pinterest
        .world
        .post_json("/control/snapshot", json!({}))
        .await
        .ok();
    let world = World::open(pinterest.world.folder.clone()).await;
    let token = world.token("PINTEREST", USER).await;
    let again = Profile { world, token };
    let read = again
        .get(&format!("/pins/{}", pin["id"].as_str().unwrap()))
        .await
        .ok();
    assert_eq!(
        (&read["title"], &read["board_id"]),
        (&json!("kept"), &board)
    );
    assert_eq!(
        again.get("/boards").await.ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
