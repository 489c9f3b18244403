use super::*;

/// A form with these parts: name, file name, bytes.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (name, file_name, bytes) in parts {
        let file = file_name
            .map(|file| format!("; filename=\"{file}\""))
            .unwrap_or_default();
        form.extend_from_slice(
            format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n")
                .as_bytes(),
        );
        form.extend_from_slice(bytes);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--cut--\r\n");
    form
}

async fn posted(world: &World, uri: &str, content_type: &str, bytes: Vec<u8>) -> Response {
    let request = by(&world.home.editor, "POST", uri)
        .header("content-type", content_type)
        .body(Body::from(bytes));
    world.send(request.unwrap()).await
}

async fn posted_form(world: &World, parts: &[(&str, Option<&str>, &[u8])]) -> Response {
    posted(
        world,
        "/media",
        "multipart/form-data; boundary=cut",
        form(parts),
    )
    .await
}

async fn count(world: &World) -> Value {
    world.ask("{ mediaList { totalCount } }", json!({})).await["mediaList"]["totalCount"].clone()
}

#[tokio::test]
async fn the_body_is_the_file() {
    let world = World::new().await;
    let file = jpeg();
    let response = posted(
        &world,
        "/media?fileName=cat%20%C3%A9.jpg&altText=A%20cat",
        "image/png",
        file.clone(),
    )
    .await;
    let location = header_of(&response, "location").to_owned();
    let (status, answer) = body(response).await;
    assert_eq!(status, StatusCode::CREATED);
    let id = answer["id"].as_str().unwrap();
    assert_eq!(location, format!("https://posthaste.test/media/{id}"));
    let expected = json!({
        "id": id, "status": "READY", "fileName": "cat é.jpg", "bytes": file.len(), "contentType": "image/jpeg",
        "width": 64, "height": 48, "durationMs": null, "altText": "A cat", "url": answer["url"],
    });
    assert_eq!(answer, expected);
    assert!(
        answer["url"]
            .as_str()
            .unwrap()
            .starts_with(&format!("https://posthaste.test/media/{id}/original/"))
    );
}

#[tokio::test]
async fn the_name_comes_from_the_header_or_the_type() {
    let world = World::new().await;
    for (name, content_type, expected) in [
        (Some("dog.jpg"), "application/octet-stream", "dog.jpg"),
        (None, "image/jpeg; x=y", "upload.jpg"),
        (None, "application/octet-stream", "upload"),
    ] {
        let mut request =
            by(&world.home.editor, "POST", "/media").header("content-type", content_type);
        if let Some(name) = name {
            request = request.header("x-file-name", name);
        }
        let (_, answer) = body(world.send(request.body(Body::from(jpeg())).unwrap()).await).await;
        assert_eq!(answer["fileName"], expected);
    }
}

#[tokio::test]
async fn a_form_carries_one_file_and_what_is_said_about_it() {
    let world = World::new().await;
    let file = jpeg();
    let (status, answer) = body(
        posted_form(
            &world,
            &[
                ("file", Some("cat.jpg"), &file),
                ("altText", None, "Mäuse".as_bytes()),
            ],
        )
        .await,
    )
    .await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(
        (&answer["fileName"], &answer["altText"]),
        (&json!("cat.jpg"), &json!("Mäuse"))
    );
    let (_, answer) = body(
        posted_form(
            &world,
            &[
                ("fileName", None, b"dog.jpg"),
                ("x", Some("cat.jpg"), &file),
            ],
        )
        .await,
    )
    .await;
    assert_eq!(answer["fileName"], "dog.jpg");
}

#[tokio::test]
async fn forms_that_are_not_understood_leave_nothing_behind() {
    let world = World::new().await;
    let file = jpeg();
    let one = ("file", Some("cat.jpg"), &file[..]);
    let long = vec![b'x'; 16 * 1024 + 1];
    for (parts, expected) in [
        (vec![], refused(400, "INVALID_INPUT")),
        (vec![one, one], refused(400, "INVALID_INPUT")),
        (
            vec![one, ("other", None, &b"x"[..])],
            refused(400, "INVALID_INPUT"),
        ),
        (
            vec![one, ("altText", None, &long[..])],
            refused(413, "PAYLOAD_TOO_LARGE"),
        ),
        (
            vec![one, ("altText", None, &b"\xff"[..])],
            refused(400, "INVALID_INPUT"),
        ),
        (
            vec![("file", Some("cat.jpg"), &b""[..])],
            refused(400, "INVALID_INPUT"),
        ),
        (
            vec![("altText", None, &long[..2001]), one],
            refused(400, "ALT_TEXT_TOO_LONG"),
        ),
    ] {
        assert_eq!(
            problem(posted_form(&world, &parts).await).await,
            expected,
            "{} parts",
            parts.len()
        );
    }
    let mut half = form(&[one]);
    half.truncate(200);
    let response = posted(&world, "/media", "multipart/form-data; boundary=cut", half).await;
    assert_eq!(problem(response).await, refused(400, "BAD_REQUEST"));
    assert_eq!(count(&world).await, 0);
}

#[tokio::test]
async fn what_is_no_usable_file_is_a_problem() {
    let world = World::new().await;
    let file = jpeg();
    for (content_type, bytes, expected) in [
        (
            "application/x-www-form-urlencoded",
            file.clone(),
            refused(415, "UNSUPPORTED_MEDIA_TYPE"),
        ),
        (
            "application/json",
            b"{}".to_vec(),
            refused(415, "UNSUPPORTED_MEDIA_TYPE"),
        ),
        ("image/jpeg", Vec::new(), refused(400, "INVALID_INPUT")),
        (
            "image/jpeg",
            file[..50].to_vec(),
            refused(400, "MEDIA_UNREADABLE"),
        ),
        (
            "image/svg+xml",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            refused(400, "MEDIA_TYPE_UNSUPPORTED"),
        ),
    ] {
        let length = bytes.len();
        assert_eq!(
            problem(posted(&world, "/media", content_type, bytes).await).await,
            expected,
            "{content_type} {length}"
        );
    }
}

#[tokio::test]
async fn viewers_and_strangers_upload_nothing() {
    let world = World::new().await;
    for (key, expected) in [
        (world.home.viewer.as_str(), refused(403, "FORBIDDEN")),
        ("phk_live_unknown", refused(401, "UNAUTHENTICATED")),
    ] {
        let request = by(key, "POST", "/media")
            .header("content-type", "image/jpeg")
            .body(Body::from(jpeg()));
        assert_eq!(problem(world.send(request.unwrap()).await).await, expected);
    }
    assert_eq!(count(&world).await, 0);
}
