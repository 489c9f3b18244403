use posthaste_core::{
    connector::{Connector, FailureClass, Lookup, Outcome, Prepared, Rendition},
    media::MediaFormat,
    ports::{Body, Request, Response, ScriptedHttp, TransportError},
};
use serde_json::{Value, json};

use super::Pinterest;
use crate::testing::{ctx, intent, media, session, text};

fn ok(body: Value) -> Result<Response, TransportError> {
    ScriptedHttp::json(200, body)
}

fn pin() -> Rendition {
    let mut pin = text("Sourdough in a day");
    pin.title = Some("Bread".to_owned());
    pin.link = Some("https://example.com/bread".to_owned());
    pin.destination = Some("4242".to_owned());
    pin.media = vec![media(MediaFormat::Jpeg)];
    pin.media[0].alt_text = Some("A loaf".to_owned());
    pin
}

fn body(request: &Request) -> &Value {
    match &request.body {
        Body::Json(body) => body,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_limit_is_told_with_its_path() {
    let told = |change: &dyn Fn(&mut Rendition)| -> Vec<(String, String)> {
        let mut pin = pin();
        change(&mut pin);
        Pinterest
            .check(&pin)
            .into_iter()
            .map(|problem| (problem.code.to_string(), problem.path.join(".")))
            .collect()
    };
    let one = |code: &str, path: &str| vec![(code.to_owned(), path.to_owned())];
    assert_eq!(told(&|_| {}), []);
    assert_eq!(
        told(&|pin| pin.text = "a".repeat(801)),
        one("TEXT_TOO_LONG", "text")
    );
    assert_eq!(
        told(&|pin| pin.title = Some("a".repeat(101))),
        one("TITLE_TOO_LONG", "title")
    );
    let long_link = format!("https://example.com/{}", "a".repeat(2029));
    assert_eq!(
        told(&|pin| pin.link = Some(long_link.clone())),
        one("LINK_INVALID", "link")
    );
    assert_eq!(
        told(&|pin| pin.media[0].alt_text = Some("a".repeat(501))),
        one("ALT_TEXT_TOO_LONG", "media.0.altText")
    );
    assert_eq!(
        told(&|pin| pin.destination = None),
        one("DESTINATION_REQUIRED", "destination")
    );
    assert_eq!(
        told(&|pin| pin.destination = Some("recipes".to_owned())),
        one("DESTINATION_REQUIRED", "destination")
    );
    assert_eq!(
        told(&|pin| pin.media.clear()),
        one("MEDIA_REQUIRED", "media")
    );
    assert_eq!(
        told(&|pin| pin.media = (0..6).map(|_| media(MediaFormat::Png)).collect()),
        one("MEDIA_TOO_MANY", "media")
    );
    assert_eq!(
        told(&|pin| pin.media[0].facts.format = MediaFormat::Webp),
        one("MEDIA_TYPE_UNSUPPORTED", "media.0")
    );
    assert_eq!(
        told(&|pin| {
            pin.media = vec![media(MediaFormat::Mp4)];
            pin.media[0].facts.duration_ms = Some(3_999);
        }),
        one("MEDIA_DURATION", "media.0")
    );
}

#[test]
fn what_pinterest_drops_is_a_warning() {
    let mut pin = pin();
    pin.media.push(media(MediaFormat::Jpeg));
    pin.media[1].alt_text = Some("A slice".to_owned());
    pin.media[1].facts.height = 1000;
    let problems = Pinterest.check(&pin);
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|problem| !problem.is_error()));
    assert_eq!(problems[1].path, ["media", "1", "altText"]);
}

#[tokio::test]
async fn a_pin_names_board_title_link_and_pictures() {
    let created = || ScriptedHttp::json(201, json!({"id": "813"}));
    let (ctx, http) = ctx([created(), created()]);
    let ready = json!({"media_id": null});
    let outcome = Pinterest.publish(&ctx, &session(), &pin(), &ready).await;
    let Outcome::Published(published) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        published.permalink.as_deref(),
        Some("https://www.pinterest.com/pin/813")
    );
    let mut many = pin();
    many.media.push(media(MediaFormat::Jpeg));
    Pinterest.publish(&ctx, &session(), &many, &ready).await;
    let asked = http.asked();
    assert!(asked.iter().all(|request| request.once));
    let url = "https://media.example/file";
    assert_eq!(
        *body(&asked[0]),
        json!({"board_id": "4242", "title": "Bread", "description": "Sourdough in a day",
            "link": "https://example.com/bread", "alt_text": "A loaf",
            "media_source": {"source_type": "image_url", "url": url}})
    );
    assert_eq!(
        body(&asked[1])["media_source"],
        json!({"source_type": "multiple_image_urls", "index": 0, "items": [{"url": url}, {"url": url}]})
    );
}

#[tokio::test]
async fn only_an_id_is_a_publication() {
    let (ctx, _) = ctx([
        ok(json!({})),
        ScriptedHttp::json(500, json!({})),
        Err(TransportError::NoAnswer("cut".to_owned())),
        Err(TransportError::NotSent("no route".to_owned())),
        ScriptedHttp::json(
            400,
            json!({"code": 235, "message": "Unable to reach the URL."}),
        ),
        ScriptedHttp::json(404, json!({"code": 40, "message": "Board not found."})),
    ]);
    let mut classes = Vec::new();
    for _ in 0..6 {
        classes.push(
            match Pinterest
                .publish(&ctx, &session(), &pin(), &json!({}))
                .await
            {
                Outcome::Failed(failure) => Some(failure.class),
                Outcome::Unknown { .. } | Outcome::Duplicate { .. } => None,
                Outcome::Published(published) => panic!("{published:?}"),
            },
        );
    }
    assert_eq!(
        classes,
        [
            None,
            None,
            None,
            Some(FailureClass::Retry),
            Some(FailureClass::Retry),
            Some(FailureClass::Rejected)
        ]
    );
}

#[tokio::test]
async fn a_video_is_registered_sent_and_waited_for() {
    let (ctx, http) = ctx([
        ok(
            json!({"media_id": "31", "media_type": "video", "upload_url": "https://storage.example/",
            "upload_parameters": {"key": "k", "policy": "p"}}),
        ),
        ScriptedHttp::json(403, json!({})),
        ok(
            json!({"media_id": "32", "media_type": "video", "upload_url": "https://storage.example/",
            "upload_parameters": {"key": "k2"}}),
        ),
        ScriptedHttp::json(204, json!({})),
        ok(json!({"media_id": "32", "status": "processing"})),
        ok(json!({"media_id": "32", "status": "succeeded"})),
        ok(json!({"id": "9"})),
    ]);
    let mut film = pin();
    film.media = vec![media(MediaFormat::Mp4)];
    let mut progress = None;
    let ready = loop {
        match Pinterest
            .prepare(&ctx, &session(), &film, progress)
            .await
            .unwrap()
        {
            Prepared::Step { progress: next, .. } => progress = Some(next),
            Prepared::Ready { ready } => break ready,
        }
    };
    assert_eq!(ready, json!({"media_id": "32"}));
    let asked = http.asked();
    let Body::Multipart(parts) = &asked[3].body else {
        panic!("{:?}", asked[3].body)
    };
    let names: Vec<_> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["key", "file"]);
    assert_eq!(asked[3].headers, []);
    Pinterest.publish(&ctx, &session(), &film, &ready).await;
    assert_eq!(
        body(&http.asked()[6])["media_source"],
        json!({"source_type": "video_id", "media_id": "32", "cover_image_key_frame_time": 1})
    );
}

fn listed(id: &str, title: &str, created: &str) -> Value {
    json!({"id": id, "title": title, "description": "Sourdough in a day",
        "link": "https://example.com/bread", "created_at": created})
}

#[tokio::test]
async fn a_pin_is_found_on_its_board_by_title_description_and_link() {
    let ours = listed("7", "Bread", "2026-11-22T19:55:30");
    let other = listed("8", "Cake", "2026-11-22T19:56:00");
    let old = listed("1", "Bread", "2026-11-20T10:00:00Z");
    let (ctx, http) = ctx([
        // Newest first: an old pin ends the reading.
        ok(json!({"items": [other, ours, old], "bookmark": "next"})),
        // In no order: everything is read.
        ok(json!({"items": [old, other], "bookmark": "next"})),
        ok(json!({"items": [ours], "bookmark": ""})),
        ok(json!({"items": [], "bookmark": null})),
        ok(
            json!({"items": [ours, listed("9", "Bread", "2026-11-22T19:58:00Z")], "bookmark": null}),
        ),
    ]);
    let mut looked = Vec::new();
    for _ in 0..4 {
        looked.push(
            Pinterest
                .lookup(&ctx, &session(), &pin(), &intent(json!({})))
                .await
                .unwrap(),
        );
    }
    for found in &looked[..2] {
        assert!(
            matches!(found, Lookup::Found(found) if found.remote_id == "7"),
            "{found:?}"
        );
    }
    assert_eq!(looked[2], Lookup::Absent { proved: false });
    assert!(
        matches!(looked[3], Lookup::CannotTell { .. }),
        "{:?}",
        looked[3]
    );
    assert_eq!(http.asked().len(), 5);
}

#[tokio::test]
async fn boards_are_read_to_the_last_page() {
    let (ctx, http) = ctx([
        ok(json!({"items": [{"id": "1", "name": "Recipes"}], "bookmark": "b"})),
        ok(json!({"items": [{"id": "2", "name": "Essays"}], "bookmark": null})),
    ]);
    let boards = Pinterest.destinations(&ctx, &session()).await.unwrap();
    let names: Vec<_> = boards.iter().map(|board| board.name.as_str()).collect();
    assert_eq!(names, ["Recipes", "Essays"]);
    assert_eq!(
        http.asked()[1].query[1],
        ("bookmark".to_owned(), "b".to_owned())
    );
}
