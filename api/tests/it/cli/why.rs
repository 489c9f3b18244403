//! `posthaste why`.

use std::sync::Arc;

use posthaste_engine::event::fan_out;
use serde_json::{Value, json};

use super::{Desk, said, text, written};

const SCHEDULED: &str =
    "Scheduled for 2027-01-05 09:00 in Europe/Paris (2027-01-05 08:00 UTC).  by key_";

/// The id of a post's one target.
async fn target(desk: &Desk, post: &str) -> String {
    let query = "query($id: ID!) { post(id: $id) { targets { id } } }";
    let read = desk.world.ask(query, json!({ "id": post })).await;
    read["post"]["targets"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_and_a_target_say_what_happened_and_who_did_it() {
    let desk = Desk::ready().await;
    let post = written(&desk, "One").await;
    let target = target(&desk, &post).await;
    for what in [&post, &target] {
        let told = text(&desk.run(&["why", what]).await);
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with(&format!("{target}  x:")), "{told}");
        assert!(
            lines[0].ends_with("  SCHEDULED  due 2027-01-05 08:00:00 UTC"),
            "{told}"
        );
        let step = format!("  2027-01-04 08:00:00 UTC  {SCHEDULED}");
        assert!(lines[1].starts_with(&step), "{told}");
        assert_eq!(lines.len(), 2, "{told}");
    }
    let told = desk.json(&["why", &target]).await;
    assert_eq!(told["state"], "SCHEDULED");
    let step = &told["timeline"][0];
    assert_eq!(
        (
            &step["kind"],
            &step["author"]["kind"],
            &step["detail"]["dueAt"]
        ),
        (
            &json!("SCHEDULED"),
            &json!("KEY"),
            &json!("2027-01-05T08:00:00Z")
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_post_is_found_by_its_address() {
    let desk = Desk::ready().await;
    let target = target(&desk, &written(&desk, "One").await).await;
    let link = "https://x.com/harborstreet/status/1";
    let input = json!({ "id": target, "outcome": "LIVE", "permalink": link, "remoteId": "1" });
    desk.world
        .change("targetSettle", "target { id }", input)
        .await;
    let told = text(&desk.run(&["why", link]).await);
    assert!(told.starts_with(&target), "{told}");
    assert!(
        told.contains("PUBLISHED  live since 2027-01-04 08:00:00 UTC"),
        "{told}"
    );
    assert!(
        told.contains("A person says that it is live.  by key_"),
        "{told}"
    );

    for (what, code, why) in [
        (
            "https://x.com/harborstreet/status/2",
            1,
            "no post of this workspace is known to be live",
        ),
        (
            "bread",
            2,
            "'bread' is no target_…, no post_… and no address of a live post",
        ),
        ("target_01h455vb4pex5vsknk084sn02q", 1, "NOT_FOUND"),
        ("post_01h455vb4pex5vsknk084sn02q", 1, "NOT_FOUND"),
    ] {
        let (exit, said) = desk.fails(&["why", what]).await;
        assert_eq!(exit, code, "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_is_told_until_nothing_more_happens() {
    let desk = Desk::ready().await;
    tokio::spawn(fan_out(desk.world.app.clone(), Arc::default()));
    let post = written(&desk, "One").await;
    let arguments = ["why", &post, "--follow", "--json"];
    let cancel = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        desk.world
            .change("postCancel", "post { id }", json!({ "id": post }))
            .await;
    };
    let (output, ()) = tokio::join!(desk.run(&arguments), cancel);
    assert!(output.status.success(), "{}", said(&output));
    let told: Vec<Value> = text(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // Whether the first object has the cancellation already is a matter of a moment.
    let last = told.last().unwrap();
    assert_eq!(last["state"], "CANCELLED");
    let whole = text(&output);
    assert_eq!(
        whole.matches("\"kind\":\"CANCELLED\"").count(),
        1,
        "{whole}"
    );
    assert_eq!(
        whole.matches("\"kind\":\"SCHEDULED\"").count(),
        1,
        "{whole}"
    );
}
