use posthaste_core::{
    connector::{FailureClass, Published},
    media::MediaFormat,
    ports::{Method, ScriptedHttp, TransportError},
};
use serde_json::json;

use super::*;
use crate::testing::{ctx, form, intent, media, session, text};

fn with_media(format: MediaFormat, count: usize) -> Rendition {
    Rendition {
        media: vec![media(format); count],
        ..text("Fresh bread")
    }
}

fn codes(rendition: &Rendition) -> Vec<(String, String)> {
    let problems = Facebook.check(rendition);
    let told = problems
        .iter()
        .map(|problem| (problem.code.to_string(), problem.path.join(".")));
    told.collect()
}

#[test]
fn the_link_is_a_field_only_without_media() {
    let mut rendition = text("Fresh bread");
    rendition.link = Some("https://harbor.example/".into());
    assert_eq!(Facebook.compose(&rendition), "Fresh bread");
    rendition.media.push(media(MediaFormat::Jpeg));
    assert_eq!(
        Facebook.compose(&rendition),
        "Fresh bread\n\nhttps://harbor.example/"
    );
}

#[test]
fn limits_are_told_with_their_places() {
    type Change = fn(&mut Rendition);
    let cases: [(Change, &[(&str, &str)]); 9] = [
        (|_| {}, &[]),
        (
            |r| r.text = "ž".repeat(63_207),
            &[("TEXT_TOO_LONG", "text")],
        ),
        (|r| r.text.clear(), &[("TEXT_REQUIRED", "text")]),
        (
            |r| r.media = vec![media(MediaFormat::Jpeg); 11],
            &[("MEDIA_TOO_MANY", "media")],
        ),
        (
            |r| r.media = vec![media(MediaFormat::Webp)],
            &[("MEDIA_TYPE_UNSUPPORTED", "media.0")],
        ),
        (
            |r| r.media = vec![media(MediaFormat::Jpeg), media(MediaFormat::Mp4)],
            &[("MEDIA_MIXED", "media")],
        ),
        (
            |r| {
                r.media = vec![media(MediaFormat::Png)];
                r.media[0].facts.bytes = 4 * 1024 * 1024 + 1;
            },
            &[("MEDIA_TOO_LARGE", "media.0")],
        ),
        (
            |r| {
                r.kind = ContentKind::Reel;
                r.media = vec![media(MediaFormat::Mp4)];
                r.media[0].facts.duration_ms = Some(90_001);
                r.media[0].facts.frame_rate = Some(23.0);
            },
            &[
                ("MEDIA_DURATION", "media.0"),
                ("MEDIA_TYPE_UNSUPPORTED", "media.0"),
            ],
        ),
        (
            |r| {
                r.kind = ContentKind::Reel;
                r.media = vec![media(MediaFormat::Mp4)];
                r.media[0].facts.width = 504;
                r.media[0].facts.height = 896;
            },
            &[
                ("MEDIA_DIMENSIONS", "media.0"),
                ("MEDIA_DIMENSIONS", "media.0"),
            ],
        ),
    ];
    for (index, (change, expected)) in cases.into_iter().enumerate() {
        let mut rendition = text("Fresh bread");
        change(&mut rendition);
        let expected: Vec<_> = expected
            .iter()
            .map(|(c, p)| ((*c).to_owned(), (*p).to_owned()))
            .collect();
        assert_eq!(codes(&rendition), expected, "case {index}");
    }
}

#[tokio::test]
async fn a_text_is_published_by_one_call_of_its_own() {
    let answer = json!({"id": "77_1", "permalink_url": "https://www.facebook.com/77_1"});
    let (ctx, http) = ctx([ScriptedHttp::json(200, answer)]);
    let mut rendition = text("Fresh bread");
    rendition.link = Some("https://harbor.example/".into());
    let outcome = Facebook
        .publish(&ctx, &session(), &rendition, &json!({"kind": "text"}))
        .await;
    let published = Published {
        remote_id: "77_1".into(),
        permalink: Some("https://www.facebook.com/77_1".into()),
    };
    assert_eq!(outcome, Outcome::Published(published));
    let asked = http.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].once);
    assert_eq!(
        (asked[0].method, &*asked[0].url),
        (Method::Post, "https://graph.facebook.com/v26.0/77/feed")
    );
    assert_eq!(form(&asked[0], "message"), Some("Fresh bread"));
    assert_eq!(form(&asked[0], "link"), Some("https://harbor.example/"));
    assert_eq!(form(&asked[0], "attached_media"), None);
}

#[tokio::test]
async fn pictures_are_uploaded_one_a_step_and_attached_in_order() {
    let (ctx, http) = ctx([
        ScriptedHttp::json(200, json!({"id": "p1"})),
        ScriptedHttp::json(200, json!({"id": "p2"})),
        ScriptedHttp::json(200, json!({"id": "77_1"})),
        ScriptedHttp::json(500, json!({})),
    ]);
    let rendition = with_media(MediaFormat::Jpeg, 2);
    let step = Facebook
        .prepare(&ctx, &session(), &rendition, None)
        .await
        .unwrap();
    let Prepared::Step { progress, note, .. } = step else {
        panic!("one picture is missing")
    };
    assert_eq!(note, "Uploaded picture 1 of 2.");
    let done = Facebook
        .prepare(&ctx, &session(), &rendition, Some(progress))
        .await
        .unwrap();
    let ready = json!({"kind": "photos", "ids": ["p1", "p2"]});
    assert_eq!(
        done,
        Prepared::Ready {
            ready: ready.clone()
        }
    );
    let outcome = Facebook.publish(&ctx, &session(), &rendition, &ready).await;
    // The read of the permalink failed, the post is live all the same.
    let published = Published {
        remote_id: "77_1".into(),
        permalink: None,
    };
    assert_eq!(outcome, Outcome::Published(published));
    let attached = form(&http.asked()[2], "attached_media").map(str::to_owned);
    assert_eq!(
        attached.as_deref(),
        Some(r#"[{"media_fbid":"p1"},{"media_fbid":"p2"}]"#)
    );
    let once: Vec<_> = http.asked().iter().map(|request| request.once).collect();
    assert_eq!(once, [false, false, true, false]);
}

#[tokio::test]
async fn uploads_of_yesterday_are_made_anew() {
    let (ctx, _) = ctx([ScriptedHttp::json(200, json!({"id": "new"}))]);
    let old = json!({"since": "2026-11-21T20:00:00Z", "stage": "photos", "ids": ["old"]});
    let rendition = with_media(MediaFormat::Jpeg, 1);
    let done = Facebook
        .prepare(&ctx, &session(), &rendition, Some(old))
        .await
        .unwrap();
    assert_eq!(
        done,
        Prepared::Ready {
            ready: json!({"kind": "photos", "ids": ["new"]})
        }
    );
}

#[tokio::test]
async fn only_an_explicit_answer_of_the_visible_call_counts() {
    let no_id = ScriptedHttp::json(200, json!({"success": true}));
    let cut = Ok(Response {
        status: 200,
        headers: Vec::new(),
        body: r#"{"id":"77_"#.into(),
    });
    let reset = Err(TransportError::NoAnswer("reset".into()));
    for answer in [no_id, cut, reset] {
        let (ctx, _) = ctx([answer]);
        let ready = json!({"kind": "text"});
        let outcome = Facebook
            .publish(&ctx, &session(), &text("Hi"), &ready)
            .await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    }
    let (ctx, _) = ctx([Err(TransportError::NotSent("refused".into()))]);
    let outcome = Facebook
        .publish(&ctx, &session(), &text("Hi"), &json!({"kind": "text"}))
        .await;
    assert!(matches!(
        outcome,
        Outcome::Failed(Failure {
            class: FailureClass::Retry,
            ..
        })
    ));
}

fn post(id: &str, message: &str, created: &str, photos: &[&str]) -> Value {
    let inside: Vec<_> = photos
        .iter()
        .map(|id| json!({"target": {"id": id}}))
        .collect();
    let mut post = json!({"id": id, "message": message, "created_time": created});
    match inside.as_slice() {
        [] => {}
        [one] => post["attachments"] = json!({"data": [one]}),
        several => {
            post["attachments"] =
                json!({"data": [{"target": {"id": "album"}, "subattachments": {"data": several}}]});
        }
    }
    post
}

#[tokio::test]
async fn a_read_back_finds_exactly_one_match() {
    const NEW: &str = "2026-11-22T19:56:00+0000";
    const OLD: &str = "2026-11-22T19:40:00+0000";
    let found = |id: &str| {
        Lookup::Found(Published {
            remote_id: id.into(),
            permalink: None,
        })
    };
    let text_ready = json!({"kind": "text"});
    let photos = json!({"kind": "photos", "ids": ["p1", "p2"]});
    let cases = [
        (
            &text_ready,
            vec![post("1", "Fresh  bread\n", NEW, &[])],
            found("1"),
        ),
        (
            &text_ready,
            vec![post("1", "Fresh bread", OLD, &[])],
            Lookup::Absent { proved: false },
        ),
        (
            &text_ready,
            vec![post("1", "Fresh bread", NEW, &["x"])],
            Lookup::Absent { proved: false },
        ),
        (
            &text_ready,
            vec![post("known", "Fresh bread", NEW, &[])],
            Lookup::Absent { proved: false },
        ),
        (
            &text_ready,
            vec![
                post("1", "Fresh bread", NEW, &[]),
                post("2", "Fresh bread", NEW, &[]),
            ],
            Lookup::CannotTell {
                reason: "2 posts of that time look like this one.".into(),
            },
        ),
        (
            &photos,
            vec![post("1", "edited", NEW, &["p1", "p2"])],
            found("1"),
        ),
        (
            &photos,
            vec![post("1", "Fresh bread", NEW, &["y", "z"])],
            found("1"),
        ),
        (
            &photos,
            vec![post("1", "Fresh bread", NEW, &["y"])],
            Lookup::Absent { proved: false },
        ),
    ];
    for (index, (ready, posts, expected)) in cases.into_iter().enumerate() {
        let (ctx, _) = ctx([ScriptedHttp::json(200, json!({"data": posts}))]);
        let mut intent = intent(ready.clone());
        intent.known_ids = vec!["known".into()];
        let told = Facebook
            .lookup(&ctx, &session(), &text("Fresh bread"), &intent)
            .await;
        assert_eq!(told, Ok(expected), "case {index}");
    }
}

#[tokio::test]
async fn a_video_is_live_when_its_status_says_so() {
    let complete =
        json!({"status": {"publishing_phase": {"status": "complete"}}, "published": true});
    let busy =
        json!({"status": {"processing_phase": {"status": "in_progress"}}, "published": true});
    let failed = json!({"status": {"processing_phase": {"status": "error"}}});
    let waiting = json!({"status": {"publishing_phase": {"status": "not_started"}}});
    let ask = async |body: Value| {
        let (ctx, _) = ctx([ScriptedHttp::json(200, body)]);
        let intent = intent(json!({"kind": "reel", "video": "v"}));
        Facebook
            .lookup(&ctx, &session(), &with_media(MediaFormat::Mp4, 1), &intent)
            .await
    };
    let found = Published {
        remote_id: "v".into(),
        permalink: None,
    };
    assert_eq!(ask(complete).await, Ok(Lookup::Found(found)));
    assert!(matches!(ask(busy).await, Ok(Lookup::Processing { .. })));
    assert_eq!(ask(failed).await, Ok(Lookup::Absent { proved: true }));
    assert_eq!(ask(waiting).await, Ok(Lookup::Absent { proved: false }));
}

#[tokio::test]
async fn pages_come_with_their_own_tokens_over_several_lists() {
    let page = |id: &str| {
        json!({"id": id, "name": "Harbor Street Bakery", "access_token": format!("t{id}"),
        "picture": {"data": {"url": "https://pictures.example/1"}}})
    };
    let first =
        json!({"data": [page("1")], "paging": {"cursors": {"after": "c"}, "next": "https://…"}});
    let (ctx, http) = ctx([
        ScriptedHttp::json(200, first),
        ScriptedHttp::json(200, json!({"data": [page("2")]})),
    ]);
    let person = TokenSet {
        access: posthaste_core::secret::Secret::new("person"),
        refresh: None,
        expires_at: None,
        refresh_expires_at: None,
        scopes: vec!["pages_show_list".into()],
    };
    let accounts = Facebook.accounts(&ctx, &person).await.unwrap();
    let told: Vec<_> = accounts
        .iter()
        .map(|a| (&*a.remote_id, a.tokens.access.expose()))
        .collect();
    assert_eq!(told, [("1", "t1"), ("2", "t2")]);
    assert_eq!(
        http.asked()[1].query.last(),
        Some(&("after".to_owned(), "c".to_owned()))
    );
}

#[tokio::test]
async fn deleting_what_is_gone_is_a_success() {
    let gone = json!({"error": {"message": "Unsupported delete request.", "code": 100, "error_subcode": 33}});
    let (ctx, _) = ctx([ScriptedHttp::json(400, gone)]);
    assert_eq!(Facebook.delete(&ctx, &session(), "77_1").await, Ok(()));
}
