use std::time::Duration;

use chrono::TimeDelta;
use posthaste_core::{
    connector::{Authorization, Connector, FailureClass, Lookup, Outcome, Prepared, TokenSet},
    media::MediaFormat,
    ports::{Body, PartBody, Response, ScriptedHttp, TransportError},
    secret::Secret,
};
use serde_json::{Value, json};

use super::X;
use crate::testing::{ctx, form, intent, media, now, session, text};

fn ok(body: Value) -> Result<Response, TransportError> {
    ScriptedHttp::json(200, body)
}

#[test]
fn a_link_needs_no_scheme() {
    assert!(X.has_link("Bread: example.com"));
    assert!(X.has_link("Bread https://example.com/a"));
    assert!(!X.has_link("Bread, version 1.2"));
}

#[test]
fn the_link_stands_below_or_beside_the_text_and_counts_23() {
    let mut post = text("Fresh bread");
    post.link = Some("https://example.com/a/very/long/address/of/a/post?utm_source=x".to_owned());
    let composed = X.compose(&post);
    assert_eq!(
        composed,
        "Fresh bread\n\nhttps://example.com/a/very/long/address/of/a/post?utm_source=x"
    );
    assert_eq!(X.count(&composed), 11 + 2 + 23);
    post.text = "a".repeat(256);
    assert!(
        X.compose(&post)
            .starts_with(&format!("{} https://", post.text))
    );
    assert_eq!(X.count(&X.compose(&post)), 280);
    assert_eq!(X.check(&post), []);
    post.text = String::new();
    assert_eq!(X.compose(&post), post.link.unwrap());
}

#[test]
fn every_limit_is_told_with_its_path() {
    let told =
        |change: &dyn Fn(&mut posthaste_core::connector::Rendition)| -> Vec<(String, String)> {
            let mut post = text("Hello");
            change(&mut post);
            X.check(&post)
                .into_iter()
                .map(|problem| (problem.code.to_string(), problem.path.join(".")))
                .collect()
        };
    let one = |code: &str, path: &str| vec![(code.to_owned(), path.to_owned())];
    assert_eq!(told(&|post| post.text = "の".repeat(140)), []);
    assert_eq!(
        told(&|post| post.text = "の".repeat(141)),
        one("TEXT_TOO_LONG", "text")
    );
    assert_eq!(
        told(&|post| post.text = "$AAPL $TSLA".to_owned()),
        one("TOO_MANY_HASHTAGS", "text")
    );
    let jpeg = || media(MediaFormat::Jpeg);
    assert_eq!(
        told(&|post| post.media = (0..4).map(|_| jpeg()).collect()),
        []
    );
    assert_eq!(
        told(&|post| post.media = (0..5).map(|_| jpeg()).collect()),
        one("MEDIA_TOO_MANY", "media")
    );
    let mut large = jpeg();
    large.facts.bytes = 5 * 1024 * 1024 + 1;
    large.alt_text = Some("a".repeat(1001));
    assert_eq!(
        told(&|post| post.media = vec![large.clone()]),
        [
            one("ALT_TEXT_TOO_LONG", "media.0.altText"),
            one("MEDIA_TOO_LARGE", "media.0")
        ]
        .concat()
    );
    let mut gif = media(MediaFormat::Gif);
    (gif.facts.animated, gif.facts.bytes, gif.facts.height) = (true, 15 * 1024 * 1024, 1080);
    assert_eq!(told(&|post| post.media = vec![gif.clone()]), []);
    assert_eq!(
        told(&|post| post.media = vec![gif.clone(), jpeg()]),
        [one("MEDIA_TOO_MANY", "media")].concat()
    );
    gif.facts.height = 1081;
    assert_eq!(
        told(&|post| post.media = vec![gif.clone()]),
        one("MEDIA_DIMENSIONS", "media.0")
    );
    let mut video = media(MediaFormat::Mp4);
    (video.facts.width, video.facts.height) = (720, 1280);
    assert_eq!(told(&|post| post.media = vec![video.clone()]), []);
    video.facts.duration_ms = Some(140_001);
    assert_eq!(
        told(&|post| post.media = vec![video.clone()]),
        one("MEDIA_DURATION", "media.0")
    );
    assert_eq!(
        told(&|post| post.kind = posthaste_core::post::ContentKind::Story),
        one("INVALID_INPUT", "kind")
    );
}

#[test]
fn the_consent_page_asks_with_pkce() {
    let (ctx, _) = ctx([]);
    let url = X.authorize_url(
        &ctx,
        &Authorization {
            redirect_uri: "https://p.example/back".to_owned(),
            state: "s".to_owned(),
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
        },
    );
    assert_eq!(
        url,
        "https://x.com/i/oauth2/authorize?response_type=code&client_id=app\
         &redirect_uri=https%3A%2F%2Fp.example%2Fback\
         &scope=tweet.read+tweet.write+users.read+media.write+offline.access&state=s\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
}

fn tokens() -> TokenSet {
    TokenSet {
        access: Secret::new("old"),
        refresh: Some(Secret::new("refresh-1")),
        expires_at: None,
        refresh_expires_at: None,
        scopes: Vec::new(),
    }
}

#[tokio::test]
async fn a_refresh_rotates_and_a_dead_grant_asks_for_a_reconnect() {
    let dead = json!({"error": "invalid_request",
        "error_description": "Value refresh-1 passed for the token was invalid."});
    let fresh = json!({"token_type": "bearer", "expires_in": 7200, "access_token": "new",
        "scope": "tweet.read", "refresh_token": "refresh-2"});
    let (ctx, http) = ctx([ok(fresh), ScriptedHttp::json(400, dead)]);
    let got = X.refresh(&ctx, &tokens()).await.unwrap();
    assert_eq!(got.refresh, Some(Secret::new("refresh-2")));
    assert_eq!(got.expires_at, Some(now() + TimeDelta::hours(2)));
    let asked = &http.asked()[0];
    assert_eq!(asked.url, "https://api.x.com/2/oauth2/token");
    assert_eq!(form(asked, "refresh_token"), Some("refresh-1"));
    assert_eq!(
        asked.headers,
        [(
            "authorization".to_owned(),
            "Basic YXBwOmFwcC1zZWNyZXQ=".to_owned()
        )]
    );
    let failure = X.refresh(&ctx, &tokens()).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Reauthorize);
    assert_eq!(
        failure.message,
        "X: Value … passed for the token was invalid."
    );
}

/// Runs `prepare` to its end; the notes of the steps and what is ready.
async fn prepare(
    ctx: &posthaste_core::connector::Ctx,
    post: &posthaste_core::connector::Rendition,
) -> (Vec<(String, Duration)>, Value) {
    let mut progress = None;
    let mut notes = Vec::new();
    loop {
        match X.prepare(ctx, &session(), post, progress).await.unwrap() {
            Prepared::Step {
                progress: next,
                wait,
                note,
            } => {
                notes.push((note, wait));
                progress = Some(next);
            }
            Prepared::Ready { ready } => return (notes, ready),
        }
    }
}

#[tokio::test]
async fn a_picture_goes_up_in_single_steps_and_gets_its_alt_text() {
    let (ctx, http) = ctx([
        ok(json!({"data": {"id": "901", "media_key": "3_901", "expires_after_secs": 86400}})),
        ok(json!({"data": {"expires_at": 1_795_464_000}})),
        ok(
            json!({"data": {"id": "901", "processing_info": {"state": "pending", "check_after_secs": 7}}}),
        ),
        ok(json!({"data": {"id": "901", "processing_info": {"state": "succeeded"}}})),
        ok(json!({"data": {"id": "901"}})),
    ]);
    let mut post = text("Bread");
    post.media = vec![media(MediaFormat::Jpeg)];
    post.media[0].alt_text = Some("A loaf".to_owned());
    let (notes, ready) = prepare(&ctx, &post).await;
    assert_eq!(ready, json!({"media_ids": ["901"]}));
    let waits: Vec<_> = notes.iter().map(|(_, wait)| wait.as_secs()).collect();
    assert_eq!(waits, [0, 0, 7, 0, 0]);
    assert_eq!(notes[1].0, "Media 1 of 1: 1000 of 1000 bytes sent.");
    let asked = http.asked();
    let urls: Vec<_> = asked
        .iter()
        .map(|r| r.url.trim_start_matches("https://api.x.com/2/media/"))
        .collect();
    assert_eq!(
        urls,
        [
            "upload/initialize",
            "upload/901/append",
            "upload/901/finalize",
            "upload",
            "metadata"
        ]
    );
    assert!(asked.iter().all(|request| !request.once));
    let Body::Multipart(parts) = &asked[1].body else {
        panic!("{:?}", asked[1].body)
    };
    assert!(matches!(parts[1].body, PartBody::Stream { len: 1000, .. }));
    let Body::Json(metadata) = &asked[4].body else {
        panic!("{:?}", asked[4].body)
    };
    assert_eq!(
        *metadata,
        json!({"id": "901", "metadata": {"alt_text": {"text": "A loaf"}}})
    );
}

#[tokio::test]
async fn large_files_go_in_pieces_and_lost_or_old_uploads_start_anew() {
    let opened = |id: &str| ok(json!({"data": {"id": id, "expires_after_secs": 86400}}));
    let (ctx, http) = ctx([
        opened("1"),
        ok(json!({})),
        ok(json!({})),
        ScriptedHttp::json(404, json!({"title": "Not Found Error", "detail": "gone"})),
        opened("2"),
    ]);
    let mut post = text("Film");
    post.media = vec![media(MediaFormat::Mp4)];
    post.media[0].facts.bytes = 9 * 1024 * 1024;
    let mut progress = None;
    for _ in 0..5 {
        match X.prepare(&ctx, &session(), &post, progress).await.unwrap() {
            Prepared::Step { progress: next, .. } => progress = Some(next),
            Prepared::Ready { ready } => panic!("{ready}"),
        }
    }
    assert_eq!(
        http.asked()[4].url,
        "https://api.x.com/2/media/upload/initialize"
    );
    assert_eq!(progress.clone().unwrap()["uploads"][0]["id"], "2");
    let mut old = progress.unwrap();
    old["uploads"][0]["ends_at"] = json!(now());
    let (ctx, http) = crate::testing::ctx([opened("3")]);
    X.prepare(&ctx, &session(), &post, Some(old)).await.unwrap();
    assert_eq!(
        http.asked()[0].url,
        "https://api.x.com/2/media/upload/initialize"
    );
}

/// What is known of the uploads may be older than they are: a failover lost the newest writes.
#[tokio::test]
async fn a_piece_that_was_sent_before_starts_the_upload_anew_twice_at_most() {
    let refused = || ScriptedHttp::json(400, json!({"title": "Invalid Request", "detail": "no"}));
    let opened = |id: &str| ok(json!({"data": {"id": id, "expires_after_secs": 86400}}));
    let (ctx, _) = ctx([refused(), opened("2"), refused(), opened("3"), refused()]);
    let mut post = text("Picture");
    post.media = vec![media(MediaFormat::Jpeg)];
    let finished =
        json!({"uploads": [{"id": "1", "ends_at": null, "stage": {"Append": 0}}], "restarts": 0});
    let mut progress = Some(finished);
    for known in [json!(null), json!("2"), json!(null), json!("3")] {
        match X.prepare(&ctx, &session(), &post, progress).await.unwrap() {
            Prepared::Step { progress: next, .. } => {
                assert_eq!(next["uploads"][0]["id"], known);
                progress = Some(next);
            }
            Prepared::Ready { ready } => panic!("{ready}"),
        }
    }
    let last = X.prepare(&ctx, &session(), &post, progress).await;
    assert_eq!(last.unwrap_err().class, FailureClass::Rejected);
}

#[tokio::test]
async fn only_an_id_is_a_publication() {
    let refused = TransportError::NotSent("connection refused".to_owned());
    let cut = TransportError::NoAnswer("reset".to_owned());
    let duplicate = "You are not allowed to create a Tweet with duplicate content.";
    let problem = |detail: &str| json!({"detail": detail, "type": "about:blank", "title": "Forbidden", "status": 403});
    let (ctx, http) = ctx([
        ScriptedHttp::json(201, json!({"data": {"id": "55", "text": "Hi"}})),
        ScriptedHttp::json(201, json!({"data": {}})),
        ScriptedHttp::json(403, problem(duplicate)),
        ScriptedHttp::json(503, json!({})),
        Err(cut),
        Err(refused),
        ScriptedHttp::json(
            403,
            problem("You are not permitted to perform this action."),
        ),
    ]);
    let mut outcomes = Vec::new();
    for _ in 0..7 {
        outcomes.push(
            X.publish(&ctx, &session(), &text("Hi"), &json!({"media_ids": []}))
                .await,
        );
    }
    let Outcome::Published(published) = &outcomes[0] else {
        panic!("{:?}", outcomes[0])
    };
    assert_eq!(published.remote_id, "55");
    assert_eq!(
        published.permalink.as_deref(),
        Some("https://x.com/harborstreet/status/55")
    );
    for outcome in &outcomes[1..5] {
        let open = matches!(outcome, Outcome::Unknown { .. } | Outcome::Duplicate { .. });
        assert!(open, "{outcome:?}");
    }
    let class = |outcome: &Outcome| match outcome {
        Outcome::Failed(failure) => failure.class.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(class(&outcomes[5]), FailureClass::Retry);
    assert_eq!(class(&outcomes[6]), FailureClass::Rejected);
    let asked = http.asked();
    assert_eq!(asked.len(), 7);
    assert!(asked.iter().all(|request| request.once));
    let Body::Json(body) = &asked[0].body else {
        panic!("{:?}", asked[0].body)
    };
    assert_eq!(*body, json!({"text": "Hi"}));
}

fn post(id: &str, text: &str) -> Value {
    json!({"id": id, "text": text, "created_at": "2026-11-22T19:56:00.000Z"})
}

#[tokio::test]
async fn a_post_is_found_by_its_text_with_links_expanded() {
    let mut sent = text("Fish & chips");
    sent.link = Some("https://example.com/menu?a=1&b=2".to_owned());
    let mut ours = post("7", "Fish &amp; chips\n\nhttps://t.co/abc https://t.co/pic");
    ours["entities"] = json!({"urls": [
        {"url": "https://t.co/abc", "expanded_url": "https://example.com/menu?a=1&b=2"},
        {"url": "https://t.co/pic", "expanded_url": "https://x.com/h/status/7/photo/1"},
    ]});
    let pages = [
        ok(json!({"data": [post("9", "Something else")], "meta": {"next_token": "n"}})),
        ok(json!({"data": [ours.clone(), post("6", "Fish")], "meta": {"result_count": 2}})),
    ];
    let (ctx, http) = ctx(pages);
    let looked = X
        .lookup(&ctx, &session(), &sent, &intent(json!({"media_ids": []})))
        .await
        .unwrap();
    assert!(
        matches!(&looked, Lookup::Found(found) if found.remote_id == "7"),
        "{looked:?}"
    );
    let asked = http.asked();
    assert_eq!(
        asked[0].query[1],
        ("start_time".to_owned(), "2026-11-22T19:50:00Z".to_owned())
    );
    assert_eq!(
        asked[1].query[3],
        ("pagination_token".to_owned(), "n".to_owned())
    );

    let mut again = ours.clone();
    again["id"] = json!("8");
    again["entities"]["urls"][1]["media_key"] = json!("3_1");
    let known = |ids: &[&str]| {
        let mut intent = intent(json!({"media_ids": []}));
        intent.known_ids = ids.iter().map(|id| (*id).to_owned()).collect();
        intent
    };
    let answers = [
        ok(json!({"data": [ours.clone()]})),
        ok(json!({"meta": {"result_count": 0}})),
        ok(json!({"data": [ours, again]})),
    ];
    let (ctx, _) = crate::testing::ctx(answers);
    let absent = Lookup::Absent { proved: false };
    assert_eq!(
        X.lookup(&ctx, &session(), &sent, &known(&["7"]))
            .await
            .unwrap(),
        absent
    );
    assert_eq!(
        X.lookup(&ctx, &session(), &sent, &known(&[]))
            .await
            .unwrap(),
        absent
    );
    let two = X
        .lookup(&ctx, &session(), &sent, &known(&[]))
        .await
        .unwrap();
    assert!(matches!(two, Lookup::CannotTell { .. }), "{two:?}");
}

#[tokio::test]
async fn posts_without_text_are_told_apart_by_their_media() {
    let picture = |id: &str, media: &str| {
        json!({"id": id, "text": "https://t.co/p", "attachments": {"media_keys": [format!("3_{media}")]},
            "entities": {"urls": [{"url": "https://t.co/p", "media_key": format!("3_{media}")}]}})
    };
    let (ctx, _) = ctx([ok(
        json!({"data": [picture("1", "800"), picture("2", "901")]}),
    )]);
    let mut sent = text("");
    sent.media = vec![media(MediaFormat::Png)];
    let looked = X
        .lookup(
            &ctx,
            &session(),
            &sent,
            &intent(json!({"media_ids": ["901"]})),
        )
        .await
        .unwrap();
    assert!(
        matches!(&looked, Lookup::Found(found) if found.remote_id == "2"),
        "{looked:?}"
    );
}

#[tokio::test]
async fn deleting_what_is_gone_is_a_success() {
    let (ctx, _) = ctx([
        ScriptedHttp::json(404, json!({"title": "Not Found Error"})),
        ok(json!({"data": {"deleted": true}})),
        ScriptedHttp::json(401, json!({"title": "Unauthorized"})),
    ]);
    X.delete(&ctx, &session(), "5").await.unwrap();
    X.delete(&ctx, &session(), "5").await.unwrap();
    let failure = X.delete(&ctx, &session(), "5").await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Reauthorize);
}
