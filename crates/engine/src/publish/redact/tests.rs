use std::sync::Arc;

use futures::FutureExt;
use posthaste_core::ports::Part;

use super::*;

/// As X, Meta, Pinterest and their upload hosts know them.
const TOKEN_OF_X: &str = "bXlfYWNjZXNzX3Rva2VuX29mX3gAAA1";
const TOKEN_OF_META: &str = "EAABsbCS1iHgBO7xZCtokenZD";
const TOKEN_OF_PINTEREST: &str = "pina_AMAtokenofpinterest42";
const POST: &str = "Warm bread from seven, ask Anna Baker.";

fn answer(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: body.to_string().into(),
    }
}

/// Everything that is kept of an exchange.
fn kept(request: &Request, response: &Response) -> String {
    let secrets = Secrets::of(request);
    let told = json!({
        "request": address(&request.url),
        "sent": sent(request, &secrets),
        "answer": answered(response, &secrets),
        "id": request_id(response, &secrets),
        "limits": limits(response, &secrets),
    });
    told.to_string()
}

fn field(name: &str, value: &str) -> Part {
    Part {
        name: name.to_owned(),
        file_name: None,
        content_type: None,
        body: PartBody::Bytes(value.to_owned().into()),
    }
}

/// Each way in which a connector hands over a secret, and an answer that quotes all of it.
#[test]
fn no_secret_is_kept_wherever_it_stands() {
    let upload = PartBody::Stream {
        len: 9_000,
        open: Arc::new(|| futures::future::pending().boxed()),
    };
    let cases = [
        (
            Request::post("https://api.x.com/2/tweets")
                .header("Authorization", format!("Bearer {TOKEN_OF_X}"))
                .json(json!({ "text": POST, "media": { "media_ids": ["1455952740635586573"] } })),
            vec![TOKEN_OF_X, POST],
        ),
        (
            Request::post("https://api.x.com/2/oauth2/token")
                .header("authorization", "Basic Y2xpZW50OnNlY3JldA==")
                .form([
                    ("grant_type", "refresh_token"),
                    ("refresh_token", TOKEN_OF_X),
                    ("code_verifier", "a-verifier-of-pkce-7636"),
                ]),
            vec![
                TOKEN_OF_X,
                "Y2xpZW50OnNlY3JldA==",
                "a-verifier-of-pkce-7636",
            ],
        ),
        (
            Request::get(format!(
                "https://graph.facebook.com/v24.0/me?access_token={TOKEN_OF_META}"
            ))
            .query("access_token", TOKEN_OF_META)
            .query("client_secret", "9d2f7c")
            .query("appsecret_proof", "0123456789abcdef"),
            vec![TOKEN_OF_META, "9d2f7c", "0123456789abcdef"],
        ),
        (
            Request {
                body: Body::Stream(upload.clone()),
                ..Request::post("https://rupload.facebook.com/video-upload/v24.0/17")
                    .header("authorization", format!("OAuth {TOKEN_OF_META}"))
            },
            vec![TOKEN_OF_META],
        ),
        (
            Request::post("https://uploads.example/videos").multipart(vec![
                field("x-amz-security-token", TOKEN_OF_PINTEREST),
                field("policy", "eyJleHBpcmF0aW9uIjoiMjAyNyJ9"),
                field("x-amz-signature", "5f3a"),
                Part {
                    name: "file".to_owned(),
                    file_name: Some("Anna.mp4".to_owned()),
                    content_type: None,
                    body: upload,
                },
            ]),
            vec![TOKEN_OF_PINTEREST, "eyJleHBpcmF0aW9uIjoiMjAyNyJ9", "5f3a"],
        ),
    ];
    for (request, secrets) in cases {
        let quoted = secrets.join(" and ");
        for status in [200, 400] {
            let body = json!({
                "error": { "message": format!("Malformed access token {quoted}"), "code": 190 },
                "access_token": quoted, "name": quoted, "data": [{ "text": quoted, "username": quoted }],
            });
            let mut response = answer(status, &body);
            let said = |name: &str| (name.to_owned(), quoted.clone());
            response.headers = vec![said("x-request-id"), said("x-rate-limit-remaining")];
            let kept = kept(&request, &response);
            for secret in secrets.iter().filter(|secret| **secret != POST) {
                assert!(!kept.contains(secret), "{secret} in {kept}");
            }
        }
        let kept = kept(&request, &answer(200, &json!({ "text": quoted })));
        for secret in secrets.into_iter().chain(["Anna"]) {
            assert!(!kept.contains(secret), "{secret} in {kept}");
        }
    }
}

#[test]
fn what_was_sent_and_answered_can_be_followed() {
    let request = Request::post("https://api.x.com/2/tweets")
        .header("authorization", format!("Bearer {TOKEN_OF_X}"))
        .json(json!({ "text": POST, "media": { "media_ids": ["1455952740635586573"] } }));
    let secrets = Secrets::of(&request);
    assert_eq!(
        sent(&request, &secrets),
        json!({ "json": { "text": "38 characters", "media": { "media_ids": ["1455952740635586573"] } } })
    );
    let response = answer(
        201,
        &json!({ "data": { "id": "1445880548472328192", "text": POST } }),
    );
    assert_eq!(
        answered(&response, &secrets),
        json!({ "data": { "id": "1445880548472328192", "text": "38 characters" } })
    );
    let refusal = json!({ "error": { "message": "Unsupported post request.", "type": "GraphMethodException",
        "code": 100, "error_subcode": 33, "fbtrace_id": "AbCdEfGh123" } });
    assert_eq!(answered(&answer(400, &refusal), &secrets), refusal);
    let mut response = answer(429, &Value::Null);
    for (name, value) in [
        ("x-transaction-id", "b9"),
        ("x-rate-limit-remaining", "0"),
        ("retry-after", "60"),
        ("set-cookie", "guest=1"),
    ] {
        response.headers.push((name.to_owned(), value.to_owned()));
    }
    assert_eq!(request_id(&response, &secrets).as_deref(), Some("b9"));
    assert_eq!(
        limits(&response, &secrets),
        json!({ "x-rate-limit-remaining": "0", "retry-after": "60" })
    );
}

#[test]
fn words_of_a_network_keep_no_token_and_no_address_of_a_person() {
    let said =
        "Error validating EAABsbCS1iHgBO7xZCtokenZD for anna@bakery.example: see /docs/graph-api.";
    assert_eq!(
        words(said),
        "Error validating … for …: see /docs/graph-api."
    );
    assert_eq!(words("(#100) Täglich 3 × 5"), "(#100) Täglich 3 × 5");
}

#[test]
fn what_is_kept_is_bounded() {
    let secrets = Secrets(Vec::new());
    let wide: Map<String, Value> = (0..1_000)
        .map(|n| (format!("f{n}"), json!("x".repeat(100))))
        .collect();
    let list: Vec<Value> = (0..1_000).map(|id| json!({ "id": id })).collect();
    let words = json!({ "error": { "message": "no ".repeat(5_000) } });
    let hollow: Map<String, Value> = (0..1_000).map(|n| (format!("f{n}"), json!({}))).collect();
    let bodies = [
        Value::Object(wide),
        Value::Object(hollow),
        json!({ "data": list }),
        words,
    ];
    for body in bodies {
        let shown = answered(&answer(400, &body), &secrets).to_string();
        assert!(shown.len() < 4_000, "{} bytes", shown.len());
    }
    let long = json!({ "id": "1", "text": "x".repeat(LONGEST_BODY) });
    assert_eq!(
        answered(&answer(200, &long), &secrets),
        json!(format!("{} bytes", long.to_string().len()))
    );
    let mut deep = json!("end");
    for _ in 0..50 {
        deep = json!({ "a": deep });
    }
    assert!(answered(&answer(200, &deep), &secrets).to_string().len() < 100);
}

#[test]
fn no_nul_and_no_control_character_reaches_the_database() {
    assert_eq!(clean("a\0b\u{7}c\nd"), "a b c\nd");
    assert_eq!(
        clean_value(json!({ "a\0": ["\u{1b}[31m", 1, null] })),
        json!({ "a ": [" [31m", 1, null] })
    );
    let body = json!({ "id": "1\0", "path": "C:\\u0000" }).to_string();
    let read: Value = serde_json::from_slice(&without_nul(body.into())).unwrap();
    assert_eq!(read, json!({ "id": "1 ", "path": "C:\\u0020" }));
    assert_eq!(without_nul(Bytes::from_static(b"a\0b")), "a b");
    let untouched = Bytes::from_static(b"{\"id\":\"1\"}");
    assert_eq!(without_nul(untouched.clone()), untouched);
}

#[test]
fn an_address_has_no_query_and_no_password() {
    for (url, expected) in [
        ("https://a.example/b?token=1#c", "https://a.example/b"),
        ("https://me:secret@a.example/b@c", "https://a.example/b@c"),
        ("https://me:secret@a.example", "https://a.example"),
        ("nonsense\0", "nonsense "),
    ] {
        assert_eq!(address(url), expected);
    }
}
