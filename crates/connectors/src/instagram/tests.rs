use posthaste_core::{
    connector::Published, media::MediaFormat, ports::ScriptedHttp, post::ContentKind,
};
use serde_json::json;

use super::*;
use crate::testing::{ctx, form, intent, media, session, text};

fn picture() -> Rendition {
    Rendition {
        media: vec![media(MediaFormat::Jpeg)],
        ..text("Fresh bread")
    }
}

#[test]
fn limits_are_told_with_their_places() {
    type Change = fn(&mut Rendition);
    let cases: [(Change, &[(&str, &str)]); 10] = [
        (|_| {}, &[]),
        (|r| r.media.clear(), &[("MEDIA_REQUIRED", "media")]),
        (|r| r.text = "x".repeat(2201), &[("TEXT_TOO_LONG", "text")]),
        (
            |r| r.text = "#tag ".repeat(31),
            &[("TOO_MANY_HASHTAGS", "text")],
        ),
        (
            |r| r.text = "@you ".repeat(21),
            &[("TOO_MANY_MENTIONS", "text")],
        ),
        (
            |r| r.media = vec![media(MediaFormat::Png)],
            &[("MEDIA_TYPE_UNSUPPORTED", "media.0")],
        ),
        (
            |r| r.media = vec![media(MediaFormat::Jpeg); 11],
            &[("MEDIA_TOO_MANY", "media")],
        ),
        (
            |r| r.media[0].facts.height = 1400,
            &[("MEDIA_DIMENSIONS", "media.0")],
        ),
        (
            |r| r.media[0].alt_text = Some("x".repeat(1001)),
            &[("ALT_TEXT_TOO_LONG", "media.0.altText")],
        ),
        (
            |r| {
                r.kind = ContentKind::Story;
                r.text.clear();
                r.media = vec![media(MediaFormat::Mp4)];
                r.media[0].facts.duration_ms = Some(60_001);
            },
            &[("MEDIA_DURATION", "media.0")],
        ),
    ];
    for (index, (change, expected)) in cases.into_iter().enumerate() {
        let mut rendition = picture();
        change(&mut rendition);
        let problems = Instagram.check(&rendition);
        let told: Vec<_> = problems
            .iter()
            .map(|p| (p.code.as_str(), p.path.join(".")))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(c, p)| (*c, (*p).to_owned()))
            .collect();
        assert_eq!(told, expected, "case {index}");
    }
}

#[tokio::test]
async fn a_picture_is_published_from_its_finished_container() {
    let (ctx, http) = ctx([
        ScriptedHttp::json(200, json!({"id": "c1"})),
        ScriptedHttp::json(200, json!({"status_code": "IN_PROGRESS"})),
        ScriptedHttp::json(200, json!({"status_code": "FINISHED"})),
        ScriptedHttp::json(200, json!({"id": "m1"})),
        ScriptedHttp::json(200, json!({"permalink": "https://www.instagram.com/p/1/"})),
    ]);
    let mut rendition = picture();
    rendition.link = Some("https://harbor.example/".into());
    rendition.media[0].alt_text = Some("A loaf".into());
    let mut progress = None;
    let mut notes = Vec::new();
    let ready = loop {
        match Instagram
            .prepare(&ctx, &session(), &rendition, progress)
            .await
            .unwrap()
        {
            Prepared::Step {
                progress: next,
                note,
                ..
            } => {
                notes.push(note);
                progress = Some(next);
            }
            Prepared::Ready { ready } => break ready,
        }
    };
    assert_eq!(
        notes,
        ["Made the container.", "Instagram is processing the media."]
    );
    assert_eq!(ready, json!({"container": "c1"}));
    let made = &http.asked()[0];
    assert_eq!(
        form(made, "caption"),
        Some("Fresh bread\n\nhttps://harbor.example/")
    );
    assert_eq!(form(made, "alt_text"), Some("A loaf"));
    assert_eq!(form(made, "media_type"), None);
    let outcome = Instagram
        .publish(&ctx, &session(), &rendition, &ready)
        .await;
    let published = Published {
        remote_id: "m1".into(),
        permalink: Some("https://www.instagram.com/p/1/".into()),
    };
    assert_eq!(outcome, Outcome::Published(published));
    let once: Vec<_> = http.asked().iter().map(|request| request.once).collect();
    assert_eq!(once, [false, false, false, true, false]);
}

#[tokio::test]
async fn a_carousel_waits_for_its_parts() {
    let finished = || ScriptedHttp::json(200, json!({"status_code": "FINISHED"}));
    let (ctx, http) = ctx([
        ScriptedHttp::json(200, json!({"id": "a"})),
        ScriptedHttp::json(200, json!({"id": "b"})),
        finished(),
        finished(),
        ScriptedHttp::json(200, json!({"id": "whole"})),
        finished(),
    ]);
    let mut rendition = picture();
    rendition.media.push(media(MediaFormat::Mp4));
    let mut progress = None;
    for _ in 0..5 {
        match Instagram
            .prepare(&ctx, &session(), &rendition, progress)
            .await
            .unwrap()
        {
            Prepared::Step { progress: next, .. } => progress = Some(next),
            Prepared::Ready { .. } => panic!("too early"),
        }
    }
    let done = Instagram
        .prepare(&ctx, &session(), &rendition, progress)
        .await
        .unwrap();
    assert_eq!(
        done,
        Prepared::Ready {
            ready: json!({"container": "whole"})
        }
    );
    assert_eq!(form(&http.asked()[1], "media_type"), Some("VIDEO"));
    assert_eq!(form(&http.asked()[4], "children"), Some("a,b"));
}

#[tokio::test]
async fn an_expired_container_is_made_anew_and_a_refused_one_fails() {
    let progress = json!({"since": "2026-11-22T19:59:00Z", "restarts": 0, "parts": [], "finished": 0,
        "container": "c", "looks": 0});
    let (ctx_expired, _) = ctx([ScriptedHttp::json(200, json!({"status_code": "EXPIRED"}))]);
    let step = Instagram
        .prepare(&ctx_expired, &session(), &picture(), Some(progress.clone()))
        .await;
    let Ok(Prepared::Step {
        progress: fresh, ..
    }) = step
    else {
        panic!("it begins again")
    };
    assert_eq!(
        (&fresh["restarts"], &fresh["container"]),
        (&json!(1), &Value::Null)
    );
    let words = "Error: Media upload has failed with error code 2207026";
    let (ctx_error, _) = ctx([ScriptedHttp::json(
        200,
        json!({"status_code": "ERROR", "status": words}),
    )]);
    let failed = Instagram
        .prepare(&ctx_error, &session(), &picture(), Some(progress))
        .await;
    assert_eq!(failed.unwrap_err().class, FailureClass::Rejected);
}

#[tokio::test]
async fn the_container_tells_whether_it_was_published() {
    let media = |id: &str, caption: &str| {
        json!({"id": id, "caption": caption,
        "timestamp": "2026-11-22T19:56:00+0000", "permalink": "https://www.instagram.com/p/1/"})
    };
    let known = media("known", "Fresh bread");
    let found = |id: &str, permalink: Option<&str>| {
        Lookup::Found(Published {
            remote_id: id.into(),
            permalink: permalink.map(str::to_owned),
        })
    };
    let link = Some("https://www.instagram.com/p/1/");
    let proved = Lookup::Absent { proved: true };
    let cases = [
        (
            "PUBLISHED",
            vec![known.clone(), media("1", "Fresh bread")],
            found("1", link),
        ),
        (
            "PUBLISHED",
            vec![media("1", "Fresh bread"), media("2", "Fresh bread")],
            found("container:c", None),
        ),
        ("PUBLISHED", vec![known], found("container:c", None)),
        ("FINISHED", vec![], proved.clone()),
        ("EXPIRED", vec![], proved.clone()),
        ("ERROR", vec![], proved),
    ];
    for (index, (status, items, expected)) in cases.into_iter().enumerate() {
        let (ctx, _) = ctx([
            ScriptedHttp::json(200, json!({"status_code": status})),
            ScriptedHttp::json(200, json!({"data": items})),
        ]);
        let mut intent = intent(json!({"container": "c"}));
        intent.known_ids = vec!["known".into()];
        let told = Instagram
            .lookup(&ctx, &session(), &picture(), &intent)
            .await;
        assert_eq!(told, Ok(expected), "case {index}");
    }
}

#[tokio::test]
async fn a_spurious_read_failure_is_no_lost_permission() {
    let error =
        json!({"error": {"message": "Unsupported get request.", "code": 100, "error_subcode": 33}});
    let (ctx, _) = ctx([ScriptedHttp::json(400, error)]);
    let told = Instagram
        .lookup(
            &ctx,
            &session(),
            &picture(),
            &intent(json!({"container": "c"})),
        )
        .await;
    assert_eq!(told.unwrap_err().class, FailureClass::Retry);
}

#[tokio::test]
async fn accounts_are_those_linked_to_pages() {
    let pages = json!({"data": [
        {"id": "1", "access_token": "t1", "instagram_business_account": {"id": "17"}},
        {"id": "2", "access_token": "t2"},
    ]});
    let profile = json!({"id": "17", "username": "harborstreet", "name": "Harbor Street Bakery",
        "profile_picture_url": "https://pictures.example/17"});
    let (ctx, http) = ctx([
        ScriptedHttp::json(200, pages),
        ScriptedHttp::json(200, profile),
    ]);
    let person = TokenSet {
        access: Secret::new("person"),
        refresh: None,
        expires_at: None,
        refresh_expires_at: None,
        scopes: vec!["instagram_basic".into()],
    };
    let accounts = Instagram.accounts(&ctx, &person).await.unwrap();
    let expected = Account {
        remote_id: "17".into(),
        name: "Harbor Street Bakery".into(),
        username: Some("harborstreet".into()),
        avatar_url: Some("https://pictures.example/17".into()),
        tokens: TokenSet {
            access: Secret::new("t1"),
            ..person
        },
    };
    assert_eq!(accounts, [expected]);
    let bearer = ("authorization".to_owned(), "Bearer t1".to_owned());
    assert_eq!(http.asked()[1].headers, [bearer]);
}

#[tokio::test]
async fn the_quota_is_read_from_the_network() {
    let config = json!({"quota_total": 50, "quota_duration": 86400});
    let (ctx, _) = ctx([
        ScriptedHttp::json(
            200,
            json!({"data": [{"quota_usage": 48, "config": config}]}),
        ),
        ScriptedHttp::json(200, json!({"data": [{"quota_usage": 48}]})),
    ]);
    let said = Instagram.publishing_limit(&ctx, &session()).await.unwrap();
    let expected = LimitReading {
        window_seconds: 86_400,
        posts: 50,
        remaining: 2,
        resets_at: None,
        app_wide: false,
    };
    assert_eq!(said, Some(expected));
    // What is not told is not known.
    let said = Instagram.publishing_limit(&ctx, &session()).await.unwrap();
    assert_eq!(said, None);
}
