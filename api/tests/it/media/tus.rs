use axum::http::header::AUTHORIZATION;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use chrono::TimeDelta;
use futures::stream;

use super::*;

/// Begins an upload of this many bytes and returns its path.
async fn begun(world: &World, bytes: usize) -> String {
    let request = by(&world.home.editor, "POST", "/media")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", bytes)
        .header(
            "upload-metadata",
            format!("filename {},alt {}", base64("cat.jpg"), base64("A cat")),
        )
        .body(Body::empty());
    let response = world.send(request.unwrap()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(header_of(&response, "tus-resumable"), "1.0.0");
    assert_eq!(
        header_of(&response, "upload-expires"),
        "Tue, 05 Jan 2027 08:00:00 GMT"
    );
    header_of(&response, "location")
        .strip_prefix("https://posthaste.test")
        .unwrap()
        .to_owned()
}

fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn id_of(path: &str) -> &str {
    path.strip_prefix("/media/").unwrap()
}

fn part(key: &str, path: &str, offset: usize) -> request::Builder {
    by(key, "PATCH", path)
        .header("tus-resumable", "1.0.0")
        .header("upload-offset", offset)
        .header("content-type", "application/offset+octet-stream")
}

async fn patched(world: &World, path: &str, offset: usize, bytes: &[u8]) -> Response {
    let request = part(&world.home.editor, path, offset)
        .body(Body::from(bytes.to_vec()))
        .unwrap();
    world.send(request).await
}

async fn head(world: &World, path: &str) -> Response {
    let request = by(&world.home.editor, "HEAD", path)
        .header("tus-resumable", "1.0.0")
        .body(Body::empty());
    world.send(request.unwrap()).await
}

#[tokio::test]
async fn a_file_arrives_in_pieces() {
    let world = World::new().await;
    let file = jpeg();
    let path = begun(&world, file.len()).await;
    for (from, to) in [(0, 100), (100, 300), (300, file.len())] {
        let response = patched(&world, &path, from, &file[from..to]).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(header_of(&response, "upload-offset"), to.to_string());
        assert_eq!(header_of(&response, "tus-resumable"), "1.0.0");
        let response = head(&world, &path).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header_of(&response, "upload-offset"), to.to_string());
        assert_eq!(
            header_of(&response, "upload-length"),
            file.len().to_string()
        );
        assert_eq!(header_of(&response, "cache-control"), "no-store");
        assert_eq!(
            header_of(&response, "upload-expires").is_empty(),
            to == file.len()
        );
    }
    let media = media(&world, id_of(&path)).await;
    assert_eq!(
        (&media["status"], &media["fileName"], &media["altText"]),
        (&json!("READY"), &json!("cat.jpg"), &json!("A cat"))
    );
}

#[tokio::test]
async fn an_upload_goes_on_after_a_cut() {
    let world = World::new().await;
    let file = jpeg();
    let path = begun(&world, file.len()).await;
    let lost = stream::iter([
        Ok(Bytes::copy_from_slice(&file[..200])),
        Err(std::io::Error::other("connection reset")),
    ]);
    let request = part(&world.home.editor, &path, 0)
        .body(Body::from_stream(lost))
        .unwrap();
    assert_eq!(
        problem(world.send(request).await).await,
        refused(400, "BAD_REQUEST")
    );
    assert_eq!(
        header_of(&head(&world, &path).await, "upload-offset"),
        "200"
    );
    assert_eq!(
        patched(&world, &path, 200, &file[200..]).await.status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(media(&world, id_of(&path)).await["status"], "READY");
}

#[tokio::test]
async fn creation_may_carry_the_first_bytes() {
    let world = World::new().await;
    let file = jpeg();
    let request = by(&world.home.editor, "POST", "/media")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", file.len())
        .header("content-type", "application/offset+octet-stream")
        .body(Body::from(file.clone()));
    let response = world.send(request.unwrap()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(
        header_of(&response, "upload-offset"),
        file.len().to_string()
    );
    let id = header_of(&response, "location")
        .rsplit_once('/')
        .unwrap()
        .1
        .to_owned();
    assert_eq!(media(&world, &id).await["status"], "READY");
}

#[tokio::test]
async fn parts_that_do_not_fit_are_refused() {
    let world = World::new().await;
    let file = jpeg();
    let path = begun(&world, file.len()).await;
    patched(&world, &path, 0, &file[..100]).await;
    assert_eq!(
        problem(patched(&world, &path, 99, &file).await).await,
        refused(409, "UPLOAD_OFFSET_MISMATCH")
    );
    let longer = [&file[100..], b"x"].concat();
    assert_eq!(
        problem(patched(&world, &path, 100, &longer).await).await,
        refused(413, "MEDIA_TOO_LARGE")
    );
    let other_kind = by(&world.home.editor, "PATCH", &path)
        .header("upload-offset", 100)
        .header("content-type", "image/jpeg");
    let response = world.send(other_kind.body(Body::from("x")).unwrap()).await;
    assert_eq!(
        problem(response).await,
        refused(415, "UNSUPPORTED_MEDIA_TYPE")
    );
    for offset in ["-1", "many", ""] {
        let request = by(&world.home.editor, "PATCH", &path)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream");
        let response = world.send(request.body(Body::from("x")).unwrap()).await;
        assert_eq!(
            problem(response).await,
            refused(400, "BAD_REQUEST"),
            "{offset:?}"
        );
    }
    assert_eq!(
        header_of(&head(&world, &path).await, "upload-offset"),
        "100"
    );
}

#[tokio::test]
async fn a_damaged_file_fails_and_says_why() {
    let world = World::new().await;
    let file = &jpeg()[..50];
    let path = begun(&world, file.len()).await;
    assert_eq!(
        patched(&world, &path, 0, file).await.status(),
        StatusCode::NO_CONTENT
    );
    let media = media(&world, id_of(&path)).await;
    assert_eq!(
        (&media["status"], &media["error"]["code"]),
        (&json!("FAILED"), &json!("MEDIA_UNREADABLE"))
    );
    assert_eq!(media["url"], Value::Null);
}

#[tokio::test]
async fn an_upload_can_be_thrown_away_and_ends_after_a_day() {
    let world = World::new().await;
    let path = begun(&world, 10).await;
    let request = || {
        by(&world.home.editor, "DELETE", &path)
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(world.send(request()).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        problem(world.send(request()).await).await,
        refused(404, "NOT_FOUND")
    );

    let path = begun(&world, 10).await;
    world.clock.advance(TimeDelta::hours(24));
    assert_eq!(
        problem(patched(&world, &path, 0, b"x").await).await,
        refused(410, "UPLOAD_EXPIRED")
    );
}

#[tokio::test]
async fn only_writers_of_the_workspace_reach_an_upload() {
    let world = World::new().await;
    let path = begun(&world, 10).await;
    for (key, expected) in [
        (&world.other.editor, refused(404, "NOT_FOUND")),
        (&world.home.viewer, refused(403, "FORBIDDEN")),
        (
            &"phk_test_unknown".to_owned(),
            refused(401, "UNAUTHENTICATED"),
        ),
    ] {
        let patch = part(key, &path, 0).body(Body::from("x")).unwrap();
        assert_eq!(problem(world.send(patch).await).await, expected);
        let delete = by(key, "DELETE", &path).body(Body::empty()).unwrap();
        assert_eq!(problem(world.send(delete).await).await, expected);
        let head = by(key, "HEAD", &path).body(Body::empty()).unwrap();
        assert_eq!(world.send(head).await.status().as_u16(), expected.0);
    }
    let mut anonymous = part("", &path, 0).body(Body::from("x")).unwrap();
    anonymous.headers_mut().remove(AUTHORIZATION);
    assert_eq!(
        problem(world.send(anonymous).await).await,
        refused(401, "UNAUTHENTICATED")
    );
    for id in ["media_x", "post_01h455vb4pex5vsknk084sn02q", "%00"] {
        let request = part(&world.home.editor, &format!("/media/{id}"), 0)
            .body(Body::from("x"))
            .unwrap();
        assert_eq!(
            problem(world.send(request).await).await,
            refused(400, "INVALID_ID")
        );
    }
    assert_eq!(header_of(&head(&world, &path).await, "upload-offset"), "0");
}

#[tokio::test]
async fn uploads_that_cannot_begin_are_refused() {
    let world = World::new().await;
    let begin = |headers: &[(&'static str, &str)], key: &str| {
        let mut request = by(key, "POST", "/media")
            .header("tus-resumable", "1.0.0")
            .body(Body::empty())
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        world.send(request)
    };
    let editor = &world.home.editor;
    for (headers, expected) in [
        (vec![], refused(400, "BAD_REQUEST")),
        (vec![("upload-length", "x")], refused(400, "BAD_REQUEST")),
        (
            vec![("upload-defer-length", "1")],
            refused(400, "BAD_REQUEST"),
        ),
        (vec![("upload-length", "0")], refused(400, "INVALID_INPUT")),
        (
            vec![("upload-length", "2147483648")],
            refused(413, "MEDIA_TOO_LARGE"),
        ),
        (
            vec![("upload-length", "1"), ("upload-metadata", "filename ===")],
            refused(400, "BAD_REQUEST"),
        ),
        (
            vec![("upload-length", "1"), ("upload-metadata", "id bm8=")],
            refused(400, "INVALID_ID"),
        ),
        (
            vec![("tus-resumable", "0.2.2"), ("upload-length", "1")],
            refused(412, "BAD_REQUEST"),
        ),
    ] {
        assert_eq!(
            problem(begin(&headers, editor).await).await,
            expected,
            "{headers:?}"
        );
    }
    let length = [("upload-length", "1")];
    assert_eq!(
        problem(begin(&length, &world.home.viewer).await).await,
        refused(403, "FORBIDDEN")
    );
}

#[tokio::test]
async fn the_protocol_is_announced() {
    let world = World::new().await;
    let response = world
        .send(Request::options("/media").body(Body::empty()).unwrap())
        .await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(header_of(&response, "tus-version"), "1.0.0");
    assert_eq!(header_of(&response, "tus-max-size"), "2147483647");
    assert_eq!(
        header_of(&response, "tus-extension"),
        "creation,creation-with-upload,expiration,termination"
    );
}

#[tokio::test]
async fn a_large_body_is_streamed_to_the_disk() {
    const PIECE: usize = 256 * 1024;
    const PIECES: usize = 1024;
    let world = World::new().await;
    let path = begun(&world, PIECE * PIECES + 1).await;
    // Each piece is made when it is asked for and none is kept: only their number tells the length.
    let pieces = stream::iter(
        (0..PIECES).map(|index| Ok::<_, std::io::Error>(Bytes::from(vec![index as u8; PIECE]))),
    );
    let request = part(&world.home.editor, &path, 0)
        .body(Body::from_stream(pieces))
        .unwrap();
    let response = world.send(request).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        world.app.staging.offset(id_of(&path)).await.unwrap(),
        256 * 1024 * 1024
    );
}
