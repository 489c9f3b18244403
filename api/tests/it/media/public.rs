use axum::body::{Bytes, to_bytes};
use chrono::TimeDelta;

use super::*;

/// The path of the signed address of a media.
async fn signed(world: &World, id: &str) -> String {
    let url = media(world, id).await["url"].as_str().unwrap().to_owned();
    url.strip_prefix("https://posthaste.test")
        .unwrap()
        .to_owned()
}

async fn fetched(
    world: &World,
    path: &str,
    headers: &[(&'static str, &str)],
) -> (u16, HeaderMap, Bytes) {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let response = world.send(request).await;
    let (parts, body) = response.into_parts();
    (
        parts.status.as_u16(),
        parts.headers,
        to_bytes(body, usize::MAX).await.unwrap(),
    )
}

#[tokio::test]
async fn anybody_with_the_address_reads_the_file_safely() {
    let world = World::new().await;
    let file = jpeg();
    let id = world.upload(&world.home, "évil\".png", file.clone()).await;
    let path = signed(&world, &id).await;
    assert!(path.rsplit_once('.').unwrap().1 == "jpg", "{path}");
    let (status, headers, bytes) = fetched(&world, &path, &[]).await;
    assert_eq!((status, &bytes[..]), (200, &file[..]));
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("content-length", file.len().to_string().as_str()),
        ("accept-ranges", "bytes"),
        ("etag", format!("\"{id}-original\"").as_str()),
        ("cache-control", "public, max-age=172800, immutable"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        (
            "content-disposition",
            "inline; filename=\"_vil_.jpg\"; filename*=UTF-8''%C3%A9vil%22.jpg",
        ),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
}

#[tokio::test]
async fn ranges_are_answered_as_the_standard_says() {
    let world = World::new().await;
    let file = jpeg();
    let size = file.len();
    let id = world.upload(&world.home, "cat.jpg", file.clone()).await;
    let path = signed(&world, &id).await;
    let tag = format!("\"{id}-original\"");

    let (status, headers, bytes) = fetched(&world, &path, &[("range", "bytes=10-19")]).await;
    assert_eq!((status, &bytes[..]), (206, &file[10..20]));
    assert_eq!(headers["content-range"], format!("bytes 10-19/{size}"));
    assert_eq!(headers["content-length"], "10");
    let (status, _, bytes) = fetched(&world, &path, &[("range", "bytes=-5")]).await;
    assert_eq!((status, &bytes[..]), (206, &file[size - 5..]));
    let (status, headers, _) = fetched(&world, &path, &[("range", "bytes=999999-")]).await;
    assert_eq!(
        (status, &headers["content-range"]),
        (416, &format!("bytes */{size}").parse().unwrap())
    );
    let (status, _, bytes) = fetched(&world, &path, &[("range", "bytes=0-1,5-6")]).await;
    assert_eq!((status, bytes.len()), (200, size));

    let (status, _, bytes) = fetched(&world, &path, &[("if-none-match", &tag)]).await;
    assert_eq!((status, bytes.len()), (304, 0));
    let (status, _, _) =
        fetched(&world, &path, &[("range", "bytes=0-1"), ("if-range", &tag)]).await;
    assert_eq!(status, 206);
    let (status, _, _) = fetched(
        &world,
        &path,
        &[("range", "bytes=0-1"), ("if-range", "\"other\"")],
    )
    .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn forged_and_old_addresses_find_nothing() {
    let world = World::new().await;
    let id = world.upload(&world.home, "cat.jpg", jpeg()).await;
    let other = world.upload(&world.home, "dog.jpg", jpeg()).await;
    let path = signed(&world, &id).await;
    let (expires, signature) = path.rsplit_once('/').unwrap().1.split_once('-').unwrap();
    let later = expires.parse::<i64>().unwrap() + 1;
    for forged in [
        path.replace(&id, &other),
        path.replace("original", "small"),
        path.replace("original", "..%2Foriginal"),
        path.replace(expires, &later.to_string()),
        format!("/media/{id}/original/{signature}"),
        format!("/media/{id}/original/x"),
        format!("/media/nobody/original/{expires}-{signature}"),
    ] {
        let response = world
            .send(Request::get(&forged).body(Body::empty()).unwrap())
            .await;
        assert_eq!(
            problem(response).await,
            refused(404, "NOT_FOUND"),
            "{forged}"
        );
    }
    world
        .clock
        .advance(TimeDelta::days(2) + TimeDelta::seconds(1));
    let response = world
        .send(Request::get(&path).body(Body::empty()).unwrap())
        .await;
    assert_eq!(problem(response).await, refused(404, "NOT_FOUND"));
    // A new one works again.
    assert_eq!(
        fetched(&world, &signed(&world, &id).await, &[]).await.0,
        200
    );
}
